import type { Decision } from '../core/decisions/decision.ts';
import { fieldName } from '../core/decisions/decision.ts';
import type { Hardening, Refusal } from '../core/harden.ts';
import { harden, hardenEphemeralContainers, isRefusal } from '../core/harden.ts';
import type { Json } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import type { Policy } from '../core/policy/policy.ts';
import { ownWork } from '../core/provenance.ts';
import type { WarningMode } from '../core/sentences.ts';
import { warnings, warnOfNoSuchPolicy } from '../core/sentences.ts';
import type { AdmissionReview } from './response.ts';
import { allow, patched, remark } from './response.ts';
import type { AdmissionRequest } from './review.ts';
import { ReviewError } from './review.ts';

/** `enforce` patches; `preview` only says what it would do. */
export type Mode = WarningMode;

export interface Answer {
  readonly review: AdmissionReview;
  /** Empty where the request is none of kube-harden's business. */
  readonly decisions: readonly Decision[];
}

/**
 * Answers one admission request under a policy.
 *
 * Only the creation of pods and the arrival of debug containers are hardened; all else is admitted as it is, since
 * nearly nothing else of a pod can still be changed.
 *
 * @throws {ReviewError} where the pod in the request is none: a webhook that cannot do its work must not admit.
 */
export function answer(request: AdmissionRequest, policy: Policy, mode: Mode): Answer {
  const { uid } = request;
  const hardening = hardenRequest(request, policy);
  if (hardening === undefined) return { review: allow(uid), decisions: [] };
  if (isRefusal(hardening)) throw new ReviewError(`request.object.${hardening.refusal}`);
  const { patch, decisions } = hardening;
  const remarks = {
    warnings: warnings(decisions, mode, policy.name),
    auditAnnotations: annotate(decisions, mode, policy),
  };
  const review = mode === 'enforce' ? patched(uid, patch, remarks) : remark(uid, remarks);
  return { review, decisions };
}

/**
 * Answers the preview of a policy that is not there: who sees no warning would think that nothing would change.
 *
 * @param policies the names of those that are there
 */
export function answerWithoutPolicy({ uid }: AdmissionRequest, policies: readonly string[]): Answer {
  const review = remark(uid, { warnings: warnOfNoSuchPolicy(policies), auditAnnotations: { mode: 'preview' } });
  return { review, decisions: [] };
}

function hardenRequest(request: AdmissionRequest, policy: Policy): Hardening | Refusal | undefined {
  const { resource, operation, object, oldObject } = request;
  if (resource === 'v1/pods' && operation === 'CREATE') {
    return isMirrorPod(request) ? undefined : harden(object, policy);
  }
  if (resource === 'v1/pods/ephemeralcontainers' && operation === 'UPDATE') {
    return hardenEphemeralContainers(object, oldObject, policy);
  }
  return undefined;
}

/**
 * A mirror pod shows what a node runs from a file of its own, so a change would never run. The annotation alone proves
 * nothing: anybody may write it; the user is the node's kubelet for real.
 */
function isMirrorPod({ object, username }: AdmissionRequest): boolean {
  if (!isJsonObject(object)) return false;
  const { metadata, spec } = object;
  const annotations: Json | undefined = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  return (
    isJsonObject(annotations) &&
    Object.hasOwn(annotations, 'kubernetes.io/config.mirror') &&
    isJsonObject(spec) &&
    typeof spec['nodeName'] === 'string' &&
    username === `system:node:${spec['nodeName']}`
  );
}

/** The same in a second call as in the first, since the API server keeps the last value that it gets. */
function annotate(decisions: readonly Decision[], mode: Mode, policy: Policy): Record<string, string> {
  const annotations: Record<string, string> = { policy: policy.name, mode };
  const added = ownWork(decisions);
  if (added.length > 0) annotations['added'] = added.join(', ');
  const withheld = decisions.filter((decision) => decision.action === 'withheld');
  if (withheld.length > 0) {
    annotations['withheld'] = withheld.map((decision) => `${fieldName(decision)} (${decision.reason})`).join(', ');
  }
  return annotations;
}
