import type { Container, Pod } from '../pod/pod.ts';
import { matchImage } from '../policy/imagePattern.ts';
import { selects } from '../policy/labelSelector.ts';
import type { Policy } from '../policy/policy.ts';
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
  readonly exceptions: Exceptions;
}

export interface Rule {
  readonly id: RuleId;
  /**
   * What is to become of the rule's field, at each scope that it has. Nothing where the policy does not ask for it.
   * `earlier` are the decisions of the rules before this one.
   */
  readonly decide: (subject: Subject, earlier: Earlier) => readonly Decision[];
}

/** What rules have decided, by rule: who asks for one rule's decisions need not go through all of them. */
export type Earlier = ReadonlyMap<RuleId, readonly Decision[]>;

/** The rules that the administrator excepted a pod from. Found once, since each rule asks for each container. */
export interface Exceptions {
  readonly ofPod: ReadonlySet<string>;
  readonly byImage: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Finds the exceptions of a policy that are about this pod, and those that are about images of its containers. */
export function exceptionsFor(pod: Pod, policy: Policy): Exceptions {
  const met = policy.exceptions.filter(
    ({ podSelector }) => podSelector === undefined || selects(podSelector, pod.labels),
  );
  const ofPod = new Set(met.flatMap(({ isForImages, skip }) => (isForImages ? [] : skip)));
  const byImage = new Map<string, ReadonlySet<string>>();
  const forImages = new Set(met.filter(({ isForImages }) => isForImages));
  if (forImages.size === 0) return { ofPod, byImage };
  for (const { image } of pod.containers) {
    if (byImage.has(image)) continue;
    const matching = matchImage(policy.exceptedImages, image).filter((exception) => forImages.has(exception));
    byImage.set(image, matching.length === 0 ? noRules : new Set(matching.flatMap(({ skip }) => skip)));
  }
  return { ofPod, byImage };
}

const noRules: ReadonlySet<string> = new Set();

/** Whether the administrator excepted the whole pod from a rule, or this one container of it. */
export function isExcepted({ exceptions }: Subject, rule: RuleId, container?: Container): boolean {
  if (exceptions.ofPod.has(rule)) return true;
  return container !== undefined && exceptions.byImage.get(container.image)?.has(rule) === true;
}

export const podScope = { scope: 'pod' } as const;

export function scopeOf({ scope }: Container): ContainerScope {
  return scope;
}
