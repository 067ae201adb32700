import { expect } from 'chai';
import type { Cluster } from './cluster.ts';
import { day, hour, makeCluster, second } from './cluster.ts';

/** Three changes of the CA, and half of another one. */
const daysOfYears = 3 * 365;

/** Below half of a certificate's life, after which another one is issued: more looks show nothing more. */
const step = 8 * hour;

/** A prime: the jumps come at ever other times of a CA's life and of the day, each of them some twelve times. */
const stepsBetweenJumps = 31;

const jumps = [2 * hour, 13 * hour, 260 * day, 400 * day].flatMap((shift) => [shift, -shift]);

/** A clock is wrong for six seconds: of a replica that starts, or of the one that leads. */
async function jump(cluster: Cluster, shift: number, isStarting: boolean): Promise<void> {
  const index = cluster.leader === 0 ? 0 : 1;
  if (isStarting) await cluster.restart(index, shift);
  cluster.replicas[index].shift = shift;
  for (let seconds = 0; seconds < 6; seconds += 1) await cluster.pass(second);
  cluster.replicas[index].shift = 0;
  for (let seconds = 0; seconds < 2; seconds += 1) await cluster.pass(second);
}

async function liveThrough(daysOfLeader: number, shifts: readonly number[]): Promise<Cluster> {
  const cluster = makeCluster();
  await cluster.settle();
  for (let count = 1; count <= (daysOfYears * day) / step; count += 1) {
    await cluster.pass(step);
    if ((count * step) % (daysOfLeader * day) === 0) {
      const before = cluster.leader === 0 ? 0 : 1;
      cluster.leader = before === 0 ? 1 : 0;
      await cluster.restart(before);
    }
    const turn = count / stepsBetweenJumps;
    const shift = Number.isInteger(turn) ? shifts[turn % shifts.length] : undefined;
    // Eight of them, of which a replica that starts gets each one every other time.
    if (shift !== undefined) await jump(cluster, shift, Math.floor(turn / shifts.length) % 2 === 0);
  }
  return cluster;
}

function expectGoodYears({ refusals, trustedBeforeSigning, replicas }: Cluster, changes = 4): void {
  expect(refusals).to.deep.equal([]);
  expect(trustedBeforeSigning).to.have.length(changes);
  expect(Math.min(...trustedBeforeSigning)).to.be.at.least(12 * day);
  for (const { logged } of replicas) expect(logged.filter(([level]) => level !== 'info')).to.deep.equal([]);
}

describe('three years of certificates', () => {
  for (const [leaders, daysOfLeader] of [
    ['change each day', 1],
    ['change each week', 7],
    ['never change', Number.POSITIVE_INFINITY],
  ] as const) {
    it(`pass without a refusal where leaders ${leaders}`, async () => {
      expectGoodYears(await liveThrough(daysOfLeader, []));
    });

    it(`pass without a refusal where leaders ${leaders} and clocks jump`, async () => {
      expectGoodYears(await liveThrough(daysOfLeader, jumps));
    });
  }

  // A CA that the wrong clock makes lasts longer, and is changed by others before its time, in all order.
  for (const [name, shift, changes] of [
    ['13 hours ahead', 13 * hour, 4],
    ['13 hours behind', -13 * hour, 4],
    ['400 days ahead', 400 * day, 9],
    ['400 days behind', -400 * day, 4],
  ] as const) {
    it(`pass without a refusal where the leader's clock is ${name} for ever`, async () => {
      const cluster = makeCluster();
      cluster.replicas[0].shift = shift;
      await cluster.settle();
      for (let count = 1; count <= (daysOfYears * day) / step; count += 1) await cluster.pass(step);
      expectGoodYears(cluster, changes);
    });
  }

  for (const [name, shift] of [
    ['ahead', 30 * day],
    ['behind', -30 * day],
  ] as const) {
    it(`pass without a refusal where all replicas' clocks are 30 days ${name} for ever`, async () => {
      const cluster = makeCluster();
      for (const replica of cluster.replicas) replica.shift = shift;
      await cluster.settle();
      for (let count = 1; count <= (daysOfYears * day) / step; count += 1) await cluster.pass(step);
      // Each change comes so much later.
      expectGoodYears(cluster, 3);
    });
  }

  it("go on where the API server's clock jumps and nobody else's, as if nothing had been", async () => {
    for (const shift of jumps) {
      const cluster = makeCluster();
      await cluster.settle();
      for (let count = 0; count < (220 * day) / step; count += 1) await cluster.pass(step);
      const { length } = cluster.world.api.asked;
      cluster.world.serverShift = shift;
      await cluster.pass(6 * second);
      cluster.world.serverShift = 0;
      await cluster.pass(second);
      expect(cluster.world.api.asked.slice(length)).to.deep.equal([]);
      expect(cluster.trustedBeforeSigning).to.deep.equal([]);
      // What such an API server refuses meanwhile, it alone does.
      expect(cluster.refusals.filter((refusal) => /not trusted|not valid yet/.test(refusal))).to.deep.equal([]);
    }
  });

  it('go on where all clocks jump together, as those of one machine do', async () => {
    for (const shift of jumps) {
      const cluster = makeCluster();
      await cluster.settle();
      for (let count = 0; count < (100 * day) / step; count += 1) await cluster.pass(step);
      const setClocks = async (ahead: number): Promise<void> => {
        cluster.world.serverShift = ahead;
        for (const replica of cluster.replicas) replica.shift = ahead;
        await cluster.settle();
      };
      await setClocks(shift);
      // Between the jump and each replica's next round.
      const atOnce = cluster.refusals.length;
      expect(atOnce).to.be.at.most(1);
      await cluster.pass(6 * second);
      await setClocks(0);
      await cluster.pass(second);
      for (let count = 0; count < (100 * day) / step; count += 1) await cluster.pass(step);
      expect(cluster.refusals, `${shift / hour} hours`).to.have.length(atOnce);
      expect(cluster.replicas.map((replica) => replica.isReady())).to.deep.equal([true, true]);
    }
  });
});
