// Builds what the tests on a node need, so that minutes of work are no test's time-out and what is missing is told in
// one line.
import { BinariesError, findNodeBinaries } from '../binaries.ts';
import { findImages } from './images.ts';
import { requireNode } from './required.ts';

try {
  requireNode();
  const { controlPlane } = findNodeBinaries();
  const images = findImages();
  process.stdout.write(`Testing on a node of Kubernetes ${controlPlane.version} with ${images.length} images.\n`);
} catch (error) {
  if (!(error instanceof BinariesError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
