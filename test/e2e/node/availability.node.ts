import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from './eventually.ts';
import { replicas, restart, untilRolledOut } from './installation.ts';
import type { Admissions } from './load.ts';
import { startLoad } from './load.ts';
import { makeHardenedNamespace } from './namespace.ts';
import { report } from './report.ts';
import { cluster } from './runningCluster.ts';

const namespace = 'load';
const millisecondsForRestarts = 180_000;
const mostRestarts = 20;

describe('availability on a node', () => {
  before(() => makeHardenedNamespace(cluster(), namespace));

  /** Something happens under load, and a while later the load ends. */
  async function underLoad(act: () => Promise<void>): Promise<Admissions> {
    const { api } = cluster();
    const endLoad = startLoad(api, namespace);
    try {
      await act();
      // Longer than a replica that goes still serves.
      await sleep(7000);
    } catch (error) {
      await endLoad();
      throw error;
    }
    const admissions = await endLoad();
    const { admitted, failures, slowestMilliseconds } = admissions;
    report(`${admitted} admitted, ${failures.length} not, the slowest after ${slowestMilliseconds.toFixed()} ms`);
    return admissions;
  }

  it('fails no admission while a replica is deleted', async () => {
    const { api } = cluster();
    const { admitted, failures } = await underLoad(async () => {
      const [name] = await replicas(api);
      const path = `/api/v1/namespaces/kube-harden/pods/${name}`;
      await api.delete(path);
      await eventually(60, async () => (await api.request('GET', path)).status === 404 || `${name} does not end`);
      await untilRolledOut(api);
    });
    expect(failures).to.deep.equal([]);
    expect(admitted).to.be.above(100);
  });

  it('fails no admission while it is rolled out again and again', async function () {
    this.timeout(2 * millisecondsForRestarts);
    const { api } = cluster();
    const { admitted, failures } = await underLoad(async () => {
      const deadline = Date.now() + millisecondsForRestarts;
      let restarts = 0;
      while (restarts < mostRestarts && Date.now() < deadline) {
        await restart(api);
        await untilRolledOut(api);
        restarts += 1;
      }
      report(`${restarts} restarts in ${Math.round((Date.now() - deadline + millisecondsForRestarts) / 1000)} s`);
    });
    expect(failures).to.deep.equal([]);
    expect(admitted).to.be.above(1000);
  });
});
