import type { Container } from '../pod/pod.ts';
import type { RuleId } from '../policy/ruleId.ts';
import type { ContainerScope, Decision } from './decision.ts';

/** To which scopes some rules have added their fields: found once, since a later rule asks for each container. */
export interface AddedFields {
  /** The rules that added theirs at the pod's level. */
  readonly onPod: readonly Decision['rule'][];
  /** By `containerKey`. */
  readonly onContainers: ReadonlySet<string>;
}

/** Where the given rules have added their fields. */
export function findAdded(decisions: readonly Decision[], rules: readonly RuleId[]): AddedFields {
  const wanted: readonly Decision['rule'][] = rules;
  const onPod: Decision['rule'][] = [];
  const onContainers = new Set<string>();
  for (const { action, rule, where } of decisions) {
    if (action !== 'added' || !wanted.includes(rule)) continue;
    if (where.scope === 'container') onContainers.add(containerKey(where));
    else if (!onPod.includes(rule)) onPod.push(rule);
  }
  return { onPod, onContainers };
}

/** Whether one of the fields was added for a container, be it at the pod's level, which a container's own overrides. */
export function isAddedFor({ onPod, onContainers }: AddedFields, container: Container): boolean {
  return (
    onContainers.has(containerKey(container)) ||
    onPod.some((rule) => (container.securityContext[rule] ?? null) === null)
  );
}

/** Tells a pod's containers apart; their names may not. */
export function containerKey({ list, index }: Pick<ContainerScope, 'list' | 'index'>): string {
  return `${list}/${index}`;
}
