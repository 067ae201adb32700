import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject, isSameJson } from '../core/json/json.ts';
import type { ParsedPolicy, Policy } from '../core/policy/policy.ts';
import { parsePolicy } from '../core/policy/policy.ts';

/** A HardeningPolicy as the API server has it, and what is thought of it. */
export interface JudgedPolicy {
  readonly name: string;
  readonly object: JsonObject;
  /** The last good one; undefined where there never was one. */
  readonly inForce: { readonly policy: Policy; readonly spec: Json } | undefined;
  /** Why the present spec is refused, in one line; undefined where it is in force. */
  readonly problem: string | undefined;
}

/**
 * Judges the policies of a cluster. One that has gone bad keeps the last good spec in force: that of the last judgement,
 * or the one in its status, which a replica that has just started goes by.
 */
export function judgePolicies(
  objects: ReadonlyMap<string, JsonObject>,
  before: readonly JudgedPolicy[],
): readonly JudgedPolicy[] {
  const known = new Map(before.map((judged) => [judged.name, judged.inForce]));
  return [...objects].map(([name, object]): JudgedPolicy => {
    const { spec = null } = object;
    const parsed = parseSpec(object, spec);
    if ('policy' in parsed) return { name, object, inForce: { policy: parsed.policy, spec }, problem: undefined };
    const inForce = known.get(name) ?? inForceBefore(object);
    return { name, object, inForce, problem: describeProblems(parsed.problems) };
  });
}

function inForceBefore(object: JsonObject): JudgedPolicy['inForce'] {
  const spec = statusOf(object)['specInForce'];
  if (spec === undefined) return undefined;
  const parsed = parseSpec(object, spec);
  return 'policy' in parsed ? { policy: parsed.policy, spec } : undefined;
}

/** Without the status, which is not the author's. */
function parseSpec({ apiVersion = null, kind = null, metadata = null }: JsonObject, spec: Json): ParsedPolicy {
  return parsePolicy({ apiVersion, kind, metadata, spec });
}

function describeProblems(problems: readonly { path: readonly string[]; message: string }[]): string {
  const [first, ...others] = problems;
  if (first === undefined) return 'is no good';
  return `${first.path.join('.')}: ${first.message}${others.length === 0 ? '' : ` (and ${others.length} more)`}`;
}

/**
 * The status that a policy's resource should have; undefined where it has it already.
 *
 * @param now as RFC 3339
 */
export function statusFor({ object, inForce, problem }: JudgedPolicy, now: string): JsonObject | undefined {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const { generation: observedGeneration = 0 } = metadata;
  const isReady = problem === undefined;
  const condition: JsonObject = {
    type: 'Ready',
    status: isReady ? 'True' : 'False',
    reason: isReady ? 'InForce' : 'Refused',
    message: isReady
      ? 'in force'
      : `${problem}; ${inForce === undefined ? 'nothing' : 'the last good spec'} is in force`,
    observedGeneration,
  };
  const before = readyConditionOf(object);
  const { lastTransitionTime = now, ...said } = before ?? {};
  const specInForce = inForce?.spec;
  const isUpToDate =
    before !== undefined && isSameJson(said, condition) && isSameJson(statusOf(object)['specInForce'], specInForce);
  if (isUpToDate) return undefined;
  const since = before?.['status'] === condition['status'] ? lastTransitionTime : now;
  return {
    observedGeneration,
    ...(specInForce !== undefined && { specInForce }),
    conditions: [{ ...condition, lastTransitionTime: since }],
  };
}

function statusOf(object: JsonObject): JsonObject {
  return isJsonObject(object['status']) ? object['status'] : {};
}

function readyConditionOf(object: JsonObject): JsonObject | undefined {
  const { conditions } = statusOf(object);
  if (!Array.isArray(conditions)) return undefined;
  return (conditions as readonly JsonObject[]).find(({ type }) => type === 'Ready');
}
