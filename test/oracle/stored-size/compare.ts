// Holds the measure of what a pod takes in the store against Kubernetes' own: on random pods in which every field may
// stand, both must say the same. Needs Go.
//
//   node test/oracle/stored-size/compare.ts [--cases 3000] [--seed 1]

import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { leastStoredSize, storedSize } from '../../../src/core/pod/storedSize.ts';
import { OracleError, runScript, withGoProgram } from '../goProgram.ts';
import { arbitraryStoredPod } from './arbitraryStoredPod.ts';

runScript(() => {
  const { values } = parseArgs({
    options: { cases: { type: 'string', default: '3000' }, seed: { type: 'string', default: '1' } },
  });
  const pods = fc.sample(arbitraryStoredPod, { numRuns: Number(values.cases), seed: Number(values.seed) });
  const around = storedSize({}) - leastStoredSize({});
  const sizes = withGoProgram(import.meta.dirname, ({ askLineByLine }) => askLineByLine(pods).map(Number));
  for (const [index, pod] of pods.entries()) {
    const size = storedSize(pod) - around;
    if (size !== sizes[index]) {
      throw new OracleError(`${size} bytes, but ${sizes[index]} by Kubernetes' own measure: ${JSON.stringify(pod)}`);
    }
  }
  const most = sizes.reduce((left, right) => Math.max(left, right), 0);
  process.stdout.write(`${pods.length} pods of up to ${most} bytes measured as Kubernetes does\n`);
});
