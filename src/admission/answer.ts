import type { ClaimContext, Signer } from '../core/claims.ts';
import { makeAnnotations, ownFields, readClaim } from '../core/claims.ts';
import type { Decision } from '../core/decisions/decision.ts';
import { fieldName } from '../core/decisions/fieldName.ts';
import { podScope } from '../core/decisions/rule.ts';
import type { Hardening, Refusal } from '../core/harden.ts';
import { harden, hardenEphemeralContainers, isRefusal } from '../core/harden.ts';
import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import { makeOperations } from '../core/json/operations.ts';
import type { Patch } from '../core/json/patch.ts';
import { secondsOf } from '../core/pod/time.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Unread, WarningMode } from '../core/sentences.ts';
import { denialOf, denialsOfUnread, warnings, warnOfNoSuchPolicy } from '../core/sentences.ts';
import type { TooLarge } from './fitIntoStore.ts';
import { fitIntoStore, isTooLarge, refuseUnstorable } from './fitIntoStore.ts';
import { list } from './listing.ts';
import type { AdmissionReview } from './response.ts';
import { allow, badRequest, deny, patched, remark, tooLargeToStore } from './response.ts';
import type { AdmissionRequest } from './review.ts';
import { ReviewError } from './review.ts';

/** `enforce` patches; `preview` only says what it would do. */
export type Mode = WarningMode;

export interface Answer {
  readonly review: AdmissionReview;
  /** Empty where the request is none of kube-harden's business. */
  readonly decisions: readonly Decision[];
}

/** By what an answer claims what it adds, and knows what an earlier one has added. */
export interface Claiming {
  readonly signer: Signer;
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * Answers one admission request under a policy.
 *
 * Only the creation of pods and the arrival of debug containers are hardened; all else is admitted as it is, since
 * nearly nothing else of a pod can still be changed.
 *
 * @param claiming none where there is no key: then nothing is claimed, and no claim counts.
 * @throws {ReviewError} where the pod in the request is none: a webhook that cannot do its work must not admit.
 */
export function answer(request: AdmissionRequest, policy: Policy, mode: Mode, claiming?: Claiming): Answer {
  const { uid } = request;
  const fitting = hardenToFit(request, policy, mode, claiming);
  if (fitting === undefined) return { review: allow(uid), decisions: [] };
  const decisions = isTooLarge(fitting) ? [fitting.tooLarge] : fitting.decisions;
  const remarks = {
    warnings: warnings(decisions, mode, policy.name),
    auditAnnotations: makeAuditAnnotations(decisions, mode, policy),
  };
  if (mode === 'preview') return { review: remark(uid, remarks), decisions };
  const review = isTooLarge(fitting)
    ? deny(uid, { ...tooLargeToStore, message: denialOf(fitting.tooLarge) }, remarks)
    : patched(uid, fitting.patch, remarks);
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

/**
 * Answers a review that is not read: it has more in it than can be read in time, or what only hostile managed fields have.
 * What is not read is not hardened, and a pod that is filled up until it is not read could be stored all the same, most
 * of all since its managed fields need not be.
 */
export function answerUnread(uid: string, mode: Mode, why: Unread): AdmissionReview {
  const message = denialsOfUnread[why];
  const remarks = { warnings: [message], auditAnnotations: { mode } };
  if (mode === 'preview') return remark(uid, remarks);
  return deny(uid, { ...(why === 'tooCostly' ? tooLargeToStore : badRequest), message }, remarks);
}

function hardenToFit(
  request: AdmissionRequest,
  policy: Policy,
  mode: Mode,
  claiming?: Claiming,
): Hardening | TooLarge | undefined {
  if (!isOurs(request)) return undefined;
  const unstorable = refuseUnstorable(request, isCreation(request) ? policy : undefined);
  if (unstorable !== undefined) return unstorable;
  const hardening = hardenRequest(request, policy, mode, claiming);
  if (isRefusal(hardening)) throw new ReviewError(`request.object.${hardening.refusal}`);
  return fitIntoStore(request, hardening, annotate(request, policy, hardening, claiming));
}

function isOurs(request: AdmissionRequest): boolean {
  if (isCreation(request)) return !isMirrorPod(request);
  return request.resource === 'v1/pods/ephemeralcontainers' && request.operation === 'UPDATE';
}

function hardenRequest(
  request: AdmissionRequest,
  policy: Policy,
  mode: Mode,
  claiming?: Claiming,
): Hardening | Refusal {
  const { object, oldObject } = request;
  if (isCreation(request)) {
    // A preview tells what would come to what another policy enforces, and takes nothing of that out.
    const context = mode === 'enforce' ? contextOf(request, claiming, claiming?.now) : undefined;
    return harden(object, policy, claimIn(object, context));
  }
  const claimed = claimIn(object, contextOf(request, claiming, creationOf(oldObject)));
  return hardenEphemeralContainers(object, oldObject, policy, claimed);
}

function isCreation({ resource, operation }: AdmissionRequest): boolean {
  return resource === 'v1/pods' && operation === 'CREATE';
}

function contextOf(
  request: AdmissionRequest,
  claiming: Claiming | undefined,
  around: number | undefined,
): ClaimContext | undefined {
  if (claiming === undefined || around === undefined) return undefined;
  const { namespace = '' } = request;
  const isCreating = isCreation(request);
  // The pod that gets a debug container was created for good, even where the container is but tried.
  const isDryRun = isCreating && request.isDryRun;
  return { signer: claiming.signer, namespace, around, isDryRun, isCreation: isCreating };
}

function claimIn(pod: Json, context: ClaimContext | undefined): ReturnType<typeof readClaim> {
  return context === undefined || !isJsonObject(pod) ? [] : readClaim(pod, context);
}

/** When a pod was created, in seconds since 1970: the API server itself keeps it, and nobody can change it. */
function creationOf(pod: Json): number | undefined {
  const { creationTimestamp = null } = isJsonObject(pod) && isJsonObject(pod['metadata']) ? pod['metadata'] : {};
  return typeof creationTimestamp === 'string' ? secondsOf(creationTimestamp) : undefined;
}

/**
 * The record of so many additions is longer than all annotations of a pod may be, each with its full name, and that is
 * known without writing it: no name is shorter than 16 bytes with its quotes, `"spec.volumes[x]"`, and each operation
 * that adds has one at least. Source: k8s.io/apimachinery pkg/api/validation, `TotalAnnotationSizeLimitB`.
 */
const mostRecorded = (256 * 1024) / 16;

/** The same with what a new pod is to carry of it. A pod that is there keeps the annotations that it was created with. */
function annotate(request: AdmissionRequest, policy: Policy, hardening: Hardening, claiming?: Claiming): Hardening {
  const { patch, decisions } = hardening;
  if (patch.length === 0 || !isCreation(request)) return hardening;
  const pod = request.object as JsonObject;
  const annotations =
    patch.filter(({ op }) => op !== 'remove').length > mostRecorded
      ? undefined
      : makeAnnotations(pod, policy.name, decisions, contextOf(request, claiming, claiming?.now));
  if (annotations === undefined) return { patch, decisions: [...decisions, annotationsFull] };
  const written: Patch = makeOperations(pod, annotations);
  return { patch: [...patch, ...written], decisions };
}

const annotationsFull: Decision = {
  rule: 'claim',
  field: 'metadata.annotations',
  where: podScope,
  action: 'withheld',
  reason: 'annotationsFull',
};

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
function makeAuditAnnotations(decisions: readonly Decision[], mode: Mode, policy: Policy): Record<string, string> {
  const annotations: Record<string, string> = { policy: policy.name, mode };
  const added = ownFields(decisions);
  if (added.length > 0) annotations['added'] = list(added, ({ name }) => name);
  for (const action of ['withheld', 'removed'] as const) {
    const those = decisions.filter((decision) => decision.action === action);
    if (those.length > 0) annotations[action] = list(those, nameWithReason);
  }
  return annotations;
}

function nameWithReason(decision: Decision): string {
  return `${fieldName(decision)} (${decision.reason})`;
}
