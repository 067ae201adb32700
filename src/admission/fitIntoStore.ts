/** Holds what hardening makes of a pod against what the API server can store. */
import type { Decision, Withheld } from '../core/decisions/decision.ts';
import { leastAdded } from '../core/decisions/leastAdded.ts';
import { podScope } from '../core/decisions/rule.ts';
import type { Hardening } from '../core/harden.ts';
import { isJsonObject } from '../core/json/json.ts';
import { leastStoredSize, mostStoredBytes, patchSize, storedSize } from '../core/pod/storedSize.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { AdmissionRequest } from './review.ts';

/** In a review of so many bytes there is no pod that could become too large, so that nearly none is measured. */
const unmeasuredBytes = 256 * 1024;

/** A pod that cannot be stored. */
export interface TooLarge {
  readonly tooLarge: Withheld;
}

/**
 * Whether a pod is too large by itself, or with what hardening adds at the least: nothing needs to be decided about it,
 * for the API server cannot store it.
 *
 * @param policy what a new pod is hardened by; none where fields come to few of its containers
 */
export function refuseUnstorable(
  { object, bytes = Number.POSITIVE_INFINITY }: AdmissionRequest,
  policy: Policy | undefined,
): TooLarge | undefined {
  if (bytes <= unmeasuredBytes || !isJsonObject(object)) return undefined;
  const size = leastStoredSize(object) + (policy === undefined ? 0 : leastAdded(object, policy));
  return size > mostStoredBytes ? tooLarge(size) : undefined;
}

/**
 * What fits of a hardening: all of it, or all but kube-harden's own annotations. Where even the fields do not fit, the
 * pod is too large: padding must be no way out of hardening.
 *
 * @param bare the hardening without annotations
 * @param annotated the same with them
 */
export function fitIntoStore(
  { object, bytes = Number.POSITIVE_INFINITY }: AdmissionRequest,
  bare: Hardening,
  annotated: Hardening,
): Hardening | TooLarge {
  if (bytes <= unmeasuredBytes || annotated.patch.length === 0 || !isJsonObject(object)) return annotated;
  const size = storedSize(object);
  if (size + patchSize(object, annotated.patch) <= mostStoredBytes) return annotated;
  const hardened = size + patchSize(object, bare.patch);
  if (hardened > mostStoredBytes) return tooLarge(hardened);
  return { patch: bare.patch, decisions: [...bare.decisions, podFull] };
}

const podFull: Decision = {
  rule: 'claim',
  field: 'metadata.annotations',
  where: podScope,
  action: 'withheld',
  reason: 'podFull',
};

function tooLarge(bytes: number): TooLarge {
  return {
    tooLarge: {
      rule: 'storedSize',
      field: 'securityContext',
      where: podScope,
      action: 'withheld',
      reason: 'tooLarge',
      detail: `${bytes} bytes of at most ${mostStoredBytes}`,
    },
  };
}

export function isTooLarge(answer: Hardening | TooLarge): answer is TooLarge {
  return 'tooLarge' in answer;
}
