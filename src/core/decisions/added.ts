import type { Container } from '../pod/pod.ts';
import { containerLists } from '../pod/pod.ts';
import type { RuleId } from '../policy/ruleId.ts';
import type { ContainerScope } from './decision.ts';
import type { Earlier } from './rule.ts';

/** To which scopes some rules have added their fields: found once, since a later rule asks for each container. */
export interface AddedFields {
  /** The rules that added theirs at the pod's level. */
  readonly onPod: readonly RuleId[];
  /** By `containerKey`. */
  readonly onContainers: ReadonlySet<number>;
}

/** Where the given rules have added their fields. */
export function findAdded(earlier: Earlier, rules: readonly RuleId[]): AddedFields {
  const onPod: RuleId[] = [];
  const onContainers = new Set<number>();
  for (const rule of rules) {
    for (const { action, where } of earlier.get(rule) ?? []) {
      if (action !== 'added') continue;
      if (where.scope === 'container') onContainers.add(containerKey(where));
      else if (!onPod.includes(rule)) onPod.push(rule);
    }
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
export function containerKey({ list, index }: Pick<ContainerScope, 'list' | 'index'>): number {
  return index * containerLists.length + containerLists.indexOf(list);
}
