import { answer } from '../src/admission/answer.ts';
import { readReview } from '../src/admission/review.ts';
import { harden, isRefusal } from '../src/core/harden.ts';
import type { Json, JsonObject } from '../src/core/json/json.ts';
import { makeOperations } from '../src/core/json/operations.ts';
import type { Policy } from '../src/core/policy/policy.ts';
import { isNestedDeeper } from '../src/server/depth.ts';
import { makeReview } from './reviews.ts';

/** Long enough for the compiler to settle. */
const warmUps = 20_000;
const rounds = 7;
const runsPerRound = 2000;

interface Phase {
  readonly name: string;
  readonly run: () => unknown;
}

/** Measures the parts of a review's way: the median of seven rounds, in microseconds. */
export function measurePhases(policy: Policy, kilobytes: number): readonly { name: string; microseconds: number }[] {
  const body = Buffer.from(makeReview(kilobytes));
  const text = body.toString('utf8');
  const parsed = JSON.parse(text) as { request: { object: JsonObject } };
  const request = readReview(parsed as unknown as Json, body.length);
  const { review, decisions } = answer(request, policy, 'enforce');
  const additions = decisions.filter((decision) => decision.action === 'added');
  const phases: readonly Phase[] = [
    { name: 'parse', run: () => JSON.parse(body.toString('latin1')) as Json },
    { name: 'depth', run: () => isNestedDeeper(parsed, 64) },
    { name: 'harden, operations included', run: () => hardenOrThrow(parsed.request.object, policy) },
    { name: 'operations alone', run: () => makeOperations(parsed.request.object, additions) },
    { name: 'answer: harden, patch, warnings', run: () => answer(request, policy, 'enforce') },
    { name: 'serialise', run: () => JSON.stringify(review) },
  ];
  return phases.map(({ name, run }) => ({ name, microseconds: measure(run) }));
}

function hardenOrThrow(pod: Json, policy: Policy): unknown {
  const answer = harden(pod, policy);
  if (isRefusal(answer)) throw new Error(answer.refusal);
  return answer;
}

function measure(run: () => unknown): number {
  for (let count = 0; count < warmUps; count += 1) run();
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let count = 0; count < runsPerRound; count += 1) run();
    return ((performance.now() - start) / runsPerRound) * 1000;
  });
  return median(times);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
