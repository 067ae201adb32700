import type { Container, Pod } from '../pod/pod.ts';
import { matchImage } from '../policy/imagePattern.ts';
import { selects } from '../policy/labelSelector.ts';
import type { Exception, Policy } from '../policy/policy.ts';
import type { RuleId } from '../policy/ruleId.ts';
import type { ContainerScope, Decision } from './decision.ts';

/** What a rule decides about: one pod under one policy. */
export interface Subject {
  readonly pod: Pod;
  readonly policy: Policy;
  /** The containers to decide for: all of a new pod's, or the debug containers that an update brings. */
  readonly containers: readonly Container[];
  /** Whether pod-level fields can still be set: not once the pod exists. */
  readonly podLevelIsOpen: boolean;
  /** Pod-level fields that an earlier call of ours set, by name; an author's own are not among them. */
  readonly podDefaultsAreOurs: ReadonlySet<string>;
  /** The exceptions whose selector this pod meets. */
  readonly exceptions: readonly Exception[];
}

export interface Rule {
  readonly id: RuleId;
  /**
   * What is to become of the rule's field, at each scope that it has. Nothing where the policy does not ask for it.
   * `earlier` are the decisions of the rules before this one.
   */
  readonly decide: (subject: Subject, earlier: readonly Decision[]) => readonly Decision[];
}

/** The exceptions of a policy that are about this pod, whichever of its images they name. */
export function exceptionsFor(pod: Pod, policy: Policy): readonly Exception[] {
  return policy.exceptions.filter(({ podSelector }) => podSelector === undefined || selects(podSelector, pod.labels));
}

/** Whether the administrator excepted the whole pod from a rule, or this one container of it. */
export function isExcepted(subject: Subject, rule: RuleId, container?: Container): boolean {
  return subject.exceptions.some(
    ({ images, skip }) =>
      skip.includes(rule) &&
      (images === undefined || (container !== undefined && matchImage(images, container.image).length > 0)),
  );
}

export const podScope = { scope: 'pod' } as const;

export function scopeOf({ list, index, name }: Container): ContainerScope {
  return { scope: 'container', list, index, container: name };
}
