// Holds kube-harden's first promise but one against Kubernetes' own code: a pod that the API server accepts is never
// turned into one that it rejects, whether it was hardened as its author wrote it or as a webhook gets it; and both get
// the same defaults. Needs Go.
//
//   node test/oracle/validation/compare.ts [--cases 10000] [--seed 1]

import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { ownFields } from '../../../src/core/claims.ts';
import { harden, isRefusal } from '../../../src/core/harden.ts';
import { applyPatch } from '../../../src/core/json/applyPatch.ts';
import type { JsonObject } from '../../../src/core/json/json.ts';
import type { Policy } from '../../../src/core/policy/policy.ts';
import { makeAcceptable } from '../../core/acceptablePod.ts';
import { arbitraryPod } from '../../core/arbitraryPod.ts';
import { builtInPolicy, makePolicy } from '../../core/policies.ts';
import { OracleError, runScript, withGoProgram } from '../goProgram.ts';

const policies: readonly Policy[] = [
  builtInPolicy('minimal'),
  builtInPolicy('restricted'),
  builtInPolicy('hardened'),
  makePolicy({
    pod: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      supplementalGroups: [4000],
      seccompProfile: { type: 'Localhost', localhostProfile: 'profiles/mine.json' },
    },
    container: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
    writablePaths: [{ images: ['**/*'], paths: ['/var/run', { path: '/var', sizeLimit: '1024Mi' }, '/data/x'] }],
    lowPorts: true,
  }),
];

interface Judged {
  readonly errors: readonly string[];
  readonly object?: JsonObject;
}

/** One batch is some 20 MB of text. */
const batchSize = 2000;

function hardenPod(pod: JsonObject, policy: Policy): JsonObject {
  const answer = harden(pod, policy);
  if (isRefusal(answer)) throw new OracleError(`refused: ${answer.refusal}`);
  return applyPatch(pod, answer.patch) as JsonObject;
}

/** What is added, as text. */
function addedNames(pod: JsonObject, policy: Policy): string {
  const answer = harden(pod, policy);
  if (isRefusal(answer)) throw new OracleError(`refused: ${answer.refusal}`);
  return ownFields(answer.decisions)
    .map(({ name }) => name)
    .join(' ');
}

function compare(cases: number, seed: number, judge: (pods: readonly JsonObject[]) => readonly Judged[]): void {
  const counts = { rejectedAnyway: 0, hardened: 0 };
  const pods = fc.sample(arbitraryPod, { numRuns: cases, seed }).map(makeAcceptable);
  for (let start = 0; start < pods.length; start += batchSize) {
    const batch = pods.slice(start, start + batchSize);
    const before = judge(batch);
    const questions = batch.flatMap((pod, index) => {
      const { errors, object } = before[index] ?? { errors: ['no answer'] };
      if (errors.length > 0 || object === undefined) {
        counts.rejectedAnyway += 1;
        return [];
      }
      const policy = policies[index % policies.length] as Policy;
      const [asWritten, asReceived] = [addedNames(pod, policy), addedNames(object, policy)];
      if (asWritten !== asReceived) {
        throw new OracleError(`previewed as ${asWritten}, hardened as ${asReceived}\n${JSON.stringify(pod)}`);
      }
      return [pod, object].map((asked) => ({ asked, policy, result: hardenPod(asked, policy) }));
    });
    judge(questions.map(({ result }) => result)).forEach(({ errors }, index) => {
      counts.hardened += 1;
      if (errors.length === 0) return;
      const { asked, policy } = questions[index] as (typeof questions)[number];
      throw new OracleError(`hardened by ${policy.name}, rejected: ${errors.join('; ')}\n${JSON.stringify(asked)}`);
    });
  }
  process.stdout.write(
    `${cases} pods (seed ${seed}): ${counts.rejectedAnyway} rejected as they were, ${counts.hardened} hardened and accepted\n`,
  );
}

const { values } = parseArgs({ options: { cases: { type: 'string' }, seed: { type: 'string' } } });

runScript(() =>
  withGoProgram(import.meta.dirname, (program) =>
    compare(Number(values.cases ?? 10_000), Number(values.seed ?? Date.now() % 2 ** 31), (pods) =>
      program.askLineByLine(pods).map((line) => JSON.parse(line) as Judged),
    ),
  ),
);
