import type { Json, JsonObject } from '../json/json.ts';
import type { LabelSelector } from './policy.ts';

/**
 * Whether labels meet a selector; an empty selector selects everything.
 *
 * Source: k8s.io/apimachinery `LabelSelectorAsSelector`; `NotIn` selects what lacks the key as well.
 */
export function selects(selector: LabelSelector, labels: JsonObject): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((requirement) => meets(requirement, labelOf(labels, requirement.key)))
  );
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

function meets({ operator, values = [] }: Requirement, label: Json | undefined): boolean {
  switch (operator) {
    case 'In':
      return typeof label === 'string' && values.includes(label);
    case 'NotIn':
      return typeof label !== 'string' || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    case 'DoesNotExist':
      return label === undefined;
  }
}

/** Labels come from pods' authors: a label named `constructor` is one only where the pod has it as its own. */
function labelOf(labels: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
