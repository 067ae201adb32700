import { isAscii, isUtf8 } from 'node:buffer';
import type { Claiming, Mode } from '../admission/answer.ts';
import { answer, answerUnread, answerWithoutPolicy } from '../admission/answer.ts';
import type { AdmissionRequest } from '../admission/review.ts';
import { ReviewError, readReview } from '../admission/review.ts';
import type { Decision } from '../core/decisions/decision.ts';
import type { Json } from '../core/json/json.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Unread } from '../core/sentences.ts';
import type { ClaimsKey } from './claimsKey.ts';
import { cutText } from './cutText.ts';
import { deepestNesting, deepestSent, findManagedFields, isNestedDeeper } from './depth.ts';
import { HttpError } from './httpError.ts';
import { findTrouble } from './jsonCost.ts';
import { mostSmallBytes } from './receiveBody.ts';
import type { Failure } from './status.ts';

/** What a review is answered by, besides its body. */
export interface Terms {
  readonly mode: Mode;
  /** `undefined` in a preview of a policy that is not there. */
  readonly policy: Policy | undefined;
  /** Those that are there. */
  readonly policyNames: readonly string[];
  /** None where nothing is claimed. */
  readonly claimsKey: ClaimsKey | undefined;
}

/** How often something was decided. */
export interface Tally extends Pick<Decision, 'action' | 'rule'> {
  readonly reason: string;
  readonly count: number;
}

/** Who is asked about: what may be logged of a review, each text with a bound, and nothing of what is in the pod. */
export type Subject = Pick<AdmissionRequest, 'uid' | 'namespace' | 'kind' | 'name' | 'operation' | 'resource'>;

/** What becomes of a review. Plain data of bounded size but for the answer itself, since it may come from a thread. */
export type Outcome =
  | {
      readonly answer: string | Uint8Array<ArrayBuffer>;
      readonly subject: Subject;
      readonly tallies: readonly Tally[];
    }
  | {
      readonly failure: Failure;
      readonly subject: Subject | undefined;
      /** For the log: the message again, or of a fault of ours the stack. */
      readonly error: string;
    };

/** No name of Kubernetes' is longer than 253 characters. */
const longestName = 256;

/** Answers a review from its bytes. The one way there is, in the server's own thread and in the one for large reviews. */
export function answerBody(body: Uint8Array<ArrayBuffer>, { mode, policy, policyNames, claimsKey }: Terms): Outcome {
  let subject: Subject | undefined;
  try {
    const request = readReview(parseBody(body), body.byteLength);
    subject = subjectOf(request);
    const { review, decisions } =
      policy === undefined
        ? answerWithoutPolicy(request, policyNames)
        : answer(request, policy, mode, claimingBy(claimsKey));
    return { answer: JSON.stringify(review), subject, tallies: tally(decisions) };
  } catch (error) {
    const uid = error instanceof UnreadError ? uidOf(body) : undefined;
    if (!(error instanceof UnreadError) || uid === undefined) return { ...describeError(error), subject };
    const unread = { uid, namespace: undefined, kind: '', name: undefined, operation: '', resource: '' };
    return { answer: JSON.stringify(answerUnread(uid, mode, error.why)), subject: unread, tallies: [] };
  }
}

/** What a client may know of an error, its own mistakes in full and of our faults nothing, and what the log says. */
export function describeError(error: unknown): { readonly failure: Failure; readonly error: string } {
  if (error instanceof HttpError || error instanceof ReviewError) {
    const status = error instanceof HttpError ? error.status : 400;
    return { failure: { status, message: error.message }, error: error.message };
  }
  // Express refuses a path that is no UTF-8 with an error of its own.
  if (error instanceof URIError) {
    return { failure: { status: 400, message: 'the path is not UTF-8' }, error: error.message };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { failure: { status: 500, message: 'a fault in kube-harden; its log says more' }, error: stack };
}

/**
 * @throws {UnreadError} 400 for what is no UTF-8 or nested too deep; 413 for what costs too much to parse.
 * @throws {HttpError} 400 for what is no JSON.
 */
function parseBody(body: Uint8Array<ArrayBuffer>): Json {
  if (body.byteLength > mostSmallBytes) requireCheap(body);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Nearly every review is ASCII, which takes a byte a character to hold and half the time to read.
  const value = parse(bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8'));
  // Go writes no other texts than UTF-8, but passes managed fields on as they came.
  if (!isUtf8(body)) throw new UnreadError('notUtf8', 400, 'the body is not UTF-8');
  // JSON.parse takes any depth; what walks through a pod has only so much stack.
  if (isNestedDeeper(value, deepestNesting, findManagedFields(value))) throw tooDeep(deepestNesting);
  return value;
}

function requireCheap(body: Uint8Array<ArrayBuffer>): void {
  const trouble = findTrouble(body, deepestSent);
  if (trouble === 'tooDeep') throw tooDeep(deepestSent);
  if (trouble !== 'tooCostly') return;
  throw new UnreadError('tooCostly', 413, 'the body has more values in it than kube-harden reads');
}

/** A body that is not read, though there may be a pod in it that can be stored: an error would let it in unhardened. */
class UnreadError extends HttpError {
  override name = 'UnreadError';
  readonly why: Unread;

  constructor(why: Unread, status: number, message: string) {
    super(status, message);
    this.why = why;
  }
}

/** How the API server begins a review. Whoever begins it in another way is somebody else, and gets an error. */
const beginning =
  /^\{"kind":"AdmissionReview","apiVersion":"admission\.k8s\.io\/v1","request":\{"uid":"([0-9A-Za-z-]{1,64})"/;
const longestBeginning = 256;

function uidOf(body: Uint8Array<ArrayBuffer>): string | undefined {
  return beginning.exec(Buffer.from(body.subarray(0, longestBeginning)).toString('latin1'))?.[1];
}

function tooDeep(limit: number): UnreadError {
  return new UnreadError('tooDeep', 400, `the body is nested deeper than ${limit}`);
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}

function claimingBy(claimsKey: ClaimsKey | undefined): Claiming | undefined {
  return claimsKey && { signer: claimsKey.signer, now: Math.floor(Date.now() / 1000) };
}

function subjectOf({ uid, namespace, kind, name, operation, resource }: AdmissionRequest): Subject {
  return {
    uid,
    namespace: namespace && cutText(namespace, longestName),
    kind: cutText(kind, longestName),
    name: name && cutText(name, longestName),
    operation: cutText(operation, longestName),
    resource: cutText(resource, longestName),
  };
}

function tally(decisions: readonly Decision[]): readonly Tally[] {
  const tallies = new Map<
    string,
    { action: Decision['action']; rule: Decision['rule']; reason: string; count: number }
  >();
  for (const { action, rule, reason = '' } of decisions) {
    const key = `${action} ${rule} ${reason}`;
    const known = tallies.get(key);
    if (known === undefined) tallies.set(key, { action, rule, reason, count: 1 });
    else known.count += 1;
  }
  return [...tallies.values()];
}
