import type { Pod } from '../core/pod/pod.ts';
import { isWindows } from './pod.ts';

/** Why a check refuses a pod: the rule in a few words, and what in this pod breaks it, if there is a name for it. */
export interface Refusal {
  readonly reason: string;
  readonly detail: string;
}

export type Evaluate = (pod: Pod) => Refusal | undefined;

/** The rule that a check follows from a minor version of Kubernetes on, until the next one listed. */
export interface CheckVersion {
  readonly minimumMinor: number;
  readonly evaluate: Evaluate;
}

export interface Check {
  /** The identifier that upstream gives it. */
  readonly id: string;
  /** A baseline check counts at the restricted level too. */
  readonly level: 'baseline' | 'restricted';
  /** Baseline checks that are left out at the restricted level, because this one is there to judge the same fields. */
  readonly overrides?: readonly string[];
  /** Oldest first. */
  readonly versions: readonly CheckVersion[];
}

/** For fields that do not exist on Windows, so that its pods cannot be asked to set them. */
export function exceptOnWindows(evaluate: Evaluate): Evaluate {
  return (pod) => (isWindows(pod) ? undefined : evaluate(pod));
}

/** For what is harmless to the host where root in the pod is not root on the host. */
export function exceptInUserNamespace(evaluate: Evaluate): Evaluate {
  return (pod) => (pod.hasUserNamespace ? undefined : evaluate(pod));
}
