// Builds what the end-to-end tests need, so that a minute's work is no test's time-out and what is missing is told in
// one line.
import { BinariesError, findBinaries } from './binaries.ts';

try {
  const versions = findBinaries().map(({ version }) => version);
  process.stdout.write(`Testing against kube-apiserver ${versions.join(' and ')}.\n`);
} catch (error) {
  if (!(error instanceof BinariesError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
