import { expect } from 'chai';
import type { KubeClient } from '../../src/cluster/kubeClient.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import type { Leadership } from '../../src/cluster/lease.ts';
import { competeForLease } from '../../src/cluster/lease.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { makeFakeClock } from './fakeClock.ts';
import { makeLogged } from './logged.ts';
import { recorded, recordedBody } from './recordedAnswers.ts';

const collection = recorded('leaseCreated').path;

/** An API server with one Lease, or none, which says what a real one has said in each case. */
function makeApi() {
  let lease: JsonObject | undefined;
  let version = 1000;
  const refuse = (name: string): KubeApiError => {
    const { code, message } = recordedBody(name);
    return new KubeApiError(Number(code), String(message));
  };
  const put = (object: JsonObject): JsonObject => {
    version += 1;
    lease = { ...object, metadata: { ...(object['metadata'] as JsonObject), resourceVersion: String(version) } };
    return lease;
  };
  const metadata = (object: JsonObject | undefined): JsonObject => (object?.['metadata'] ?? {}) as JsonObject;
  return {
    spec: () => lease?.['spec'] as JsonObject | undefined,
    /** Connects a replica; `break` has every request of it fail from then on. */
    connect: () => {
      let broken = false;
      const whole = (): void => {
        if (broken) throw new Error('connect ECONNREFUSED');
      };
      const client = {
        get: async (path: string) => {
          whole();
          expect(path).to.equal(`${collection}/kube-harden`);
          if (lease === undefined) throw refuse('leaseMissing');
          return structuredClone(lease);
        },
        create: async (path: string, body: JsonObject) => {
          whole();
          expect(path).to.equal(collection);
          if (lease !== undefined) throw refuse('leaseExists');
          const created = recordedBody('leaseCreated');
          return put({ ...created, metadata: { ...metadata(created), ...metadata(body) } });
        },
        replace: async (path: string, body: JsonObject) => {
          whole();
          expect(path).to.equal(`${collection}/kube-harden`);
          if (metadata(body)['resourceVersion'] !== metadata(lease)['resourceVersion']) throw refuse('leaseConflict');
          return put(structuredClone(body));
        },
      } as Partial<KubeClient> as KubeClient;
      return { client, break: (isBroken = true) => (broken = isBroken) };
    },
  };
}

describe('competeForLease', () => {
  const ending: AbortController[] = [];
  afterEach(() => {
    for (const each of ending) each.abort();
  });

  /** A replica; its clock runs with the others' unless it is given one of its own. */
  function start(api: ReturnType<typeof makeApi>, identity: string, clock = makeFakeClock()) {
    const [connection, logged, signals, changes] = [
      api.connect(),
      makeLogged(),
      new AbortController(),
      [] as boolean[],
    ];
    ending.push(signals);
    const leadership: Leadership = competeForLease(connection.client, {
      namespace: 'default',
      name: 'kube-harden',
      identity,
      onChange: (isLeader) => changes.push(isLeader),
      logger: logged.logger,
      signal: signals.signal,
      clock,
    });
    return { ...connection, ...logged, leadership, changes, clock, stop: () => signals.abort() };
  }

  it('takes a Lease that nobody has made, and renews it every two seconds', async () => {
    const api = makeApi();
    const one = start(api, 'one');
    await one.clock.pass(0);
    expect(one.leadership.isLeader()).to.equal(true);
    const time = '2026-01-02T03:04:05.678000Z';
    const { spec } = recordedBody('leaseTaken') as { spec: JsonObject };
    expect(api.spec()).to.deep.equal({ ...spec, acquireTime: time, renewTime: time });
    await one.clock.pass(2000);
    expect(api.spec()).to.deep.equal({ ...spec, acquireTime: time, renewTime: '2026-01-02T03:04:07.678000Z' });
    expect(one.lines).to.deep.equal([{ level: 'info', message: 'leading', identity: 'one' }]);
    expect(one.changes).to.deep.equal([true]);
  });

  it('leaves it to whoever renews it', async () => {
    const api = makeApi();
    const clock = makeFakeClock();
    const [one, two] = [start(api, 'one', clock), start(api, 'two', clock)];
    await clock.pass(600_000);
    expect([one, two].filter(({ leadership }) => leadership.isLeader())).to.have.length(1);
    expect(api.spec()?.['leaseTransitions']).to.equal(1);
    // Both may have found none, and one of them was refused: that is no fault.
    expect([...one.lines, ...two.lines].map(({ message }) => message)).to.deep.equal(['leading']);
  });

  it('takes it once it has not been renewed for fifteen seconds, after its holder has stopped writing', async () => {
    const api = makeApi();
    const clock = makeFakeClock();
    const one = start(api, 'one', clock);
    await clock.pass(1000);
    const two = start(api, 'two', clock);
    await clock.pass(9000);
    one.break();
    let both = 0;
    let nobody = 0;
    for (let passed = 0; passed < 30_000; passed += 250) {
      await clock.pass(250);
      const leaders = [one, two].filter(({ leadership }) => leadership.isLeader()).length;
      if (leaders === 2) both += 250;
      if (leaders === 0) nobody += 250;
    }
    expect(both).to.equal(0);
    expect(nobody).to.be.within(250, 10_000);
    expect(two.leadership.isLeader()).to.equal(true);
    expect(one.changes).to.deep.equal([true, false]);
    expect(api.spec()).to.include({ holderIdentity: 'two', leaseTransitions: 2 });
    expect(one.lines.map(({ message }) => message)).to.include.members(['lease not renewed', 'not leading any more']);
    expect(one.lines.find(({ message }) => message === 'lease not renewed')).to.deep.include({
      level: 'warn',
      error: 'connect ECONNREFUSED',
    });
  });

  for (const hours of [-26, 5, 9000]) {
    it(`goes by no wall clock: one that jumps by ${hours} hours changes nothing`, async () => {
      const api = makeApi();
      const [one, two] = [start(api, 'one'), start(api, 'two')];
      await one.clock.pass(0);
      await two.clock.pass(0);
      const leaders = (): readonly string[] => [one, two].map(({ leadership }) => String(leadership.isLeader()));
      const before = leaders();
      expect([...before].sort()).to.deep.equal(['false', 'true']);
      for (const each of [one, two]) {
        each.clock.jump(hours * 3_600_000);
        for (let passed = 0; passed < 40; passed += 1) {
          await one.clock.pass(1000);
          await two.clock.pass(1000);
          expect(leaders()).to.deep.equal(before);
        }
      }
      expect(api.spec()?.['leaseTransitions']).to.equal(1);
    });
  }

  it('hands it back at its end, so that the next one need not wait', async () => {
    const api = makeApi();
    const clock = makeFakeClock();
    const one = start(api, 'one', clock);
    await clock.pass(1000);
    const two = start(api, 'two', clock);
    await clock.pass(500);
    one.stop();
    await one.leadership.done;
    expect(one.leadership.isLeader()).to.equal(false);
    expect(api.spec()?.['holderIdentity']).to.equal('');
    await clock.pass(2000);
    expect(two.leadership.isLeader()).to.equal(true);
  });

  it('hands back nothing that is not its own', async () => {
    const api = makeApi();
    const clock = makeFakeClock();
    const one = start(api, 'one', clock);
    await clock.pass(0);
    const two = start(api, 'two', clock);
    await clock.pass(0);
    two.stop();
    await two.leadership.done;
    expect(api.spec()?.['holderIdentity']).to.equal('one');
    one.break();
    one.stop();
    await one.leadership.done;
    expect(one.lines.at(-1)).to.deep.include({ level: 'warn', message: 'lease not released' });
  });
});
