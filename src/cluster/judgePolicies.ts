import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject, isSameJson } from '../core/json/json.ts';
import type { Policy } from '../core/policy/policy.ts';
import { parsePolicy } from '../core/policy/policy.ts';
import { metadataOf } from './followObjects.ts';

/** A HardeningPolicy as the API server has it, and what is thought of it. Nothing large of the object is held on to. */
export interface JudgedPolicy {
  readonly name: string;
  /** What of its metadata tells it, and each state of it, from all others. */
  readonly metadata: JsonObject;
  /** The last good one; undefined where there never was one. */
  readonly inForce: InForce | undefined;
  /** Why the present spec is refused, in one line; undefined where it is in force. */
  readonly problem: string | undefined;
  /** Whether the spec was read at all. */
  readonly isRead: boolean;
  /** What its status said last. */
  readonly told: ToldStatus;
}

interface InForce {
  readonly policy: Policy;
  /** As JSON: its text takes a tenth of the memory. */
  readonly spec: string;
}

interface ToldStatus {
  readonly ready: JsonObject | undefined;
  /** Whether it has the spec that is in force; where none is, whether it has none. */
  readonly hasSpecInForce: boolean;
  readonly observedGeneration: Json | undefined;
  /** Whether others have written conditions of their own there, which stay. */
  readonly hasForeign: boolean;
}

const unknownStatus: ToldStatus = {
  ready: undefined,
  hasSpecInForce: true,
  observedGeneration: undefined,
  hasForeign: false,
};

/** A status as it is written. */
export interface Status extends JsonObject {
  readonly conditions: readonly JsonObject[];
}

/** Longer problems are cut: a key of a spec may be as long as a spec. */
const longestProblem = 1000;

/** What a policy says that it is. */
export const policyKind = { apiVersion: 'kube-harden.io/v1alpha1', kind: 'HardeningPolicy' } as const;

/**
 * Judges a policy of a cluster. One that has gone bad keeps the last good spec in force: that of the last judgement, or
 * the one in its status, which a replica that has just started goes by. A spec that was judged before is not parsed
 * again: the API server counts a spec's changes in `metadata.generation`.
 */
export function judgePolicy(object: JsonObject, before: JudgedPolicy | undefined): JudgedPolicy {
  const metadata = identityOf(object);
  const known = before?.metadata['uid'] === metadata['uid'] ? before : undefined;
  if (known?.isRead === true && known.metadata['generation'] === metadata['generation']) {
    return { ...known, metadata, told: toldStatusOf(object, known.inForce) };
  }
  const { apiVersion = null, kind = null, spec = null } = object;
  const parsed = parsePolicy({ apiVersion, kind, metadata, spec });
  const isGood = 'policy' in parsed;
  const inForce = isGood ? makeInForce(parsed.policy, spec) : (known?.inForce ?? inForceBefore(object));
  return {
    name: String(metadata['name']),
    metadata,
    inForce,
    problem: isGood ? undefined : describeProblems(parsed.problems),
    isRead: true,
    told: toldStatusOf(object, inForce),
  };
}

/** The judgement of a policy that is too large to be read; of its status nothing is known. */
export function judgeUnread(identity: JsonObject, problem: string, before: JudgedPolicy | undefined): JudgedPolicy {
  const metadata = identityOf(identity);
  const known = before?.metadata['uid'] === metadata['uid'] ? before : undefined;
  const told = known?.told ?? unknownStatus;
  return { name: String(metadata['name']), metadata, inForce: known?.inForce, problem, isRead: false, told };
}

function makeInForce(policy: Policy, spec: Json): InForce {
  return { policy, spec: JSON.stringify(spec) };
}

function identityOf(object: JsonObject): JsonObject {
  const { name = '', uid = null, generation = null, resourceVersion = null } = metadataOf(object);
  return { name, uid, generation, resourceVersion };
}

function inForceBefore(object: JsonObject): InForce | undefined {
  const spec = statusOf(object)['specInForce'];
  if (spec === undefined) return undefined;
  const parsed = parsePolicy({ ...policyKind, metadata: metadataOf(object), spec });
  return 'policy' in parsed ? makeInForce(parsed.policy, spec) : undefined;
}

function describeProblems(problems: readonly { path: readonly string[]; message: string }[]): string {
  const [first, ...others] = problems;
  if (first === undefined) return 'is no good';
  const text = `${first.path.join('.')}: ${first.message}`;
  const cut = text.length > longestProblem ? `${text.slice(0, longestProblem)}…` : text;
  return `${cut}${others.length === 0 ? '' : ` (and ${others.length} more)`}`;
}

function toldStatusOf(object: JsonObject, inForce: InForce | undefined): ToldStatus {
  const { specInForce, observedGeneration } = statusOf(object);
  const wanted = inForce === undefined ? undefined : (JSON.parse(inForce.spec) as Json);
  const hasForeign = foreignConditionsOf(object).length > 0;
  const hasSpecInForce = isSameJson(specInForce, wanted);
  return { ready: readyConditionOf(object), hasSpecInForce, observedGeneration, hasForeign };
}

/**
 * The status that a policy's resource should have, apart from conditions of others; undefined where it has it already.
 *
 * @param now as RFC 3339
 */
export function statusFor({ metadata, inForce, problem, told }: JudgedPolicy, now: string): Status | undefined {
  const instead = inForce === undefined ? 'nothing' : 'the last good spec';
  const condition =
    problem === undefined
      ? readyCondition(metadata, 'InForce', 'in force')
      : readyCondition(metadata, 'Refused', `${problem}; ${instead} is in force`);
  if (told.hasSpecInForce && isTold(told, condition)) return undefined;
  const specInForce = inForce === undefined ? undefined : (JSON.parse(inForce.spec) as Json);
  return makeStatus(condition, told.ready, specInForce, now);
}

/** The same for one that the webhook configuration has no room for; what it has of a last good spec, it keeps. */
export function statusOfUnplaced(object: JsonObject, message: string, now: string): Status | undefined {
  const condition = readyCondition(metadataOf(object), 'NoRoom', message);
  const ready = readyConditionOf(object);
  const { specInForce, observedGeneration } = statusOf(object);
  if (isTold({ ready, observedGeneration }, condition)) return undefined;
  return makeStatus(condition, ready, specInForce, now);
}

function readyCondition(metadata: JsonObject, reason: 'InForce' | 'Refused' | 'NoRoom', message: string): JsonObject {
  const { generation: observedGeneration = 0 } = metadata;
  const status = reason === 'InForce' ? 'True' : 'False';
  return { type: 'Ready', status, reason, message, observedGeneration };
}

function isTold(
  { ready, observedGeneration }: Pick<ToldStatus, 'ready' | 'observedGeneration'>,
  condition: JsonObject,
): boolean {
  if (ready === undefined || observedGeneration !== condition['observedGeneration']) return false;
  const { lastTransitionTime: _, ...said } = ready;
  return isSameJson(said, condition);
}

function makeStatus(
  condition: JsonObject,
  before: JsonObject | undefined,
  specInForce: Json | undefined,
  now: string,
): Status {
  const isSame = before?.['status'] === condition['status'];
  const lastTransitionTime = (isSame ? before?.['lastTransitionTime'] : undefined) ?? now;
  return {
    observedGeneration: condition['observedGeneration'] ?? 0,
    ...(specInForce !== undefined && { specInForce }),
    conditions: [{ ...condition, lastTransitionTime }],
  };
}

function statusOf(object: JsonObject): JsonObject {
  return isJsonObject(object['status']) ? object['status'] : {};
}

function readyConditionOf(object: JsonObject): JsonObject | undefined {
  return conditionsOf(object).find(({ type }) => type === 'Ready');
}

/** The conditions that others have written. */
export function foreignConditionsOf(object: JsonObject): readonly JsonObject[] {
  return conditionsOf(object).filter(({ type }) => type !== 'Ready');
}

function conditionsOf(object: JsonObject): readonly JsonObject[] {
  const { conditions } = statusOf(object);
  return Array.isArray(conditions) ? (conditions as readonly JsonObject[]) : [];
}
