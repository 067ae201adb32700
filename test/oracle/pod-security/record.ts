// Records upstream's verdicts on some random pods, at every version, for test/standards/evaluate.test.ts. Needs Go.
//
//   node test/oracle/pod-security/record.ts [--pods 190] [--seed 1]

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/core/json/json.ts';
import type { Level, PssVersion, Violation } from '../../../src/standards/evaluate.ts';
import { arbitraryPod } from '../../standards/arbitraryPod.ts';
import type { RecordedPod, RecordedVerdicts, Recording } from '../../standards/recorded.ts';
import { recordingFile } from '../../standards/recorded.ts';
import { OracleError, runScript } from '../goProgram.ts';
import type { Upstream } from './upstream.ts';
import { upstreamModule, withUpstream } from './upstream.ts';

const newestMinor = 37;
const minors = Array.from({ length: newestMinor + 1 }, (_, minor) => minor);
const sameAsNewest: readonly PssVersion[] = [`1.${newestMinor + 1}`, 'latest'];

runScript(() => {
  const { values } = parseArgs({
    options: { pods: { type: 'string', default: '190' }, seed: { type: 'string', default: '1' } },
  });
  const pods = fc.sample(arbitraryPod, { numRuns: Number(values.pods), seed: Number(values.seed) });
  const recording = withUpstream(
    (upstream): Recording => ({
      source: `${upstreamModule} ${upstream.version}`,
      newestMinor,
      pods: pods.map((pod) => recordPod(upstream, pod)),
    }),
  );
  mkdirSync(dirname(recordingFile), { recursive: true });
  writeFileSync(recordingFile, asText(recording));
  process.stdout.write(`${pods.length} pods recorded in ${recordingFile}\n`);
});

function recordPod(upstream: Upstream, pod: JsonObject): RecordedPod {
  const known = new Map<string, number>();
  const record = (level: Level): RecordedVerdicts => {
    const verdicts: Record<string, readonly number[]> = {};
    let previous: string | undefined;
    for (const [minor, violations] of askEveryMinor(upstream, pod, level).entries()) {
      const indexes = violations.map(({ check, message }) => indexIn(known, JSON.stringify([check, message])));
      if (previous !== indexes.join()) {
        verdicts[minor] = indexes;
        previous = indexes.join();
      }
    }
    return verdicts;
  };
  const [baseline, restricted] = [record('baseline'), record('restricted')];
  return { pod, violations: [...known.keys()].map((key) => JSON.parse(key)), baseline, restricted };
}

function askEveryMinor(upstream: Upstream, pod: JsonObject, level: Level): readonly (readonly Violation[])[] {
  const versions = [...minors.map((minor): PssVersion => `1.${minor}`), ...sameAsNewest];
  const verdicts = upstream.ask(versions.map((version) => ({ pod, level, version })));
  const found = verdicts.map(({ violations }) => violations);
  const newest = JSON.stringify(found[newestMinor]);
  if (found.slice(newestMinor).some((violations) => JSON.stringify(violations) !== newest)) {
    throw new OracleError(`Upstream has changes after 1.${newestMinor}: raise newestMinor in record.ts.`);
  }
  return found.slice(0, newestMinor + 1);
}

function indexIn(known: Map<string, number>, key: string): number {
  const index = known.get(key) ?? known.size;
  known.set(key, index);
  return index;
}

/** One line a pod, so that a recording can be compared with the one before. */
function asText({ source, newestMinor, pods }: Recording): string {
  const lines = pods.map((pod) => JSON.stringify(pod)).join(',\n');
  return `{"source":${JSON.stringify(source)},"newestMinor":${newestMinor},"pods":[\n${lines}\n]}\n`;
}
