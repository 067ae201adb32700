import type { ControlPlane } from '../controlPlane.ts';
import { startCluster } from './cluster.ts';
import { install, untilRolledOut } from './installation.ts';

let running: ControlPlane | undefined;

/** The cluster that all tests share, with kube-harden installed. */
export function cluster(): ControlPlane {
  if (running === undefined) throw new Error('The cluster has not started.');
  return running;
}

/** For mocha: once before and after all files. */
export const mochaHooks = {
  async beforeAll(): Promise<void> {
    running = await startCluster();
    await install(running, 'overlays/opt-in');
    await untilRolledOut(running.api);
  },
  async afterAll(): Promise<void> {
    await running?.stop();
  },
};
