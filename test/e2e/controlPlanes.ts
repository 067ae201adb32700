import { findBinaries } from './binaries.ts';
import type { ControlPlane } from './controlPlane.ts';
import { startControlPlane } from './controlPlane.ts';

/** Describes something once for each control plane; `controlPlane()` is there in hooks and tests. */
export function describeOnEach(
  what: string,
  body: (controlPlane: () => ControlPlane, isNewest: boolean) => void,
  users: readonly string[] = [],
): void {
  for (const [index, binaries] of findBinaries().entries()) {
    describe(`${what}, under kube-apiserver ${binaries.version}`, () => {
      let running: ControlPlane | undefined;
      before(async () => {
        running = await startControlPlane(binaries, users);
      });
      after(() => running?.stop());
      body(() => {
        if (running === undefined) throw new Error('The control plane has not started.');
        return running;
      }, index === 0);
    });
  }
}
