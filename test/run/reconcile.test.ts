import { expect } from 'chai';
import type { Policy } from '../../src/core/policy/policy.ts';
import type { Reconciled } from '../../src/run/reconcile.ts';
import { reconcile } from '../../src/run/reconcile.ts';
import { someChoices } from '../cluster/webhooks.ts';

describe('reconcile', () => {
  function makeParts(changes: { isLeader?: boolean; caBundle?: undefined; fails?: readonly string[] } = {}) {
    const { isLeader = true, fails = [] } = changes;
    const done: string[] = [];
    const doPart = async (part: string): Promise<void> => {
      done.push(part);
      if (fails.includes(part)) throw new Error(`no ${part}`);
    };
    const parts: Reconciled = {
      certificate: {
        keep: () => doPart('certificate'),
        caBundle: () => ('caBundle' in changes ? undefined : 'a CA'),
      },
      configuration: {
        keep: ({ policies, caBundle }) => doPart(`configuration of ${policies.join()} and ${caBundle}`),
        isTrue: () => false,
        publishes: () => true,
        distrusts: () => false,
        publish: async () => {},
      },
      webhooks: someChoices,
      policies: () => new Map([['own', { name: 'own' } as Policy]]),
      isLeader: () => isLeader,
      setInSync: (isInSync) => done.push(`in sync: ${isInSync}`),
    };
    return { parts, done };
  }
  const all = ['certificate', 'configuration of own and a CA', 'in sync: false'];

  it('keeps the certificate first, and the configuration by it', async () => {
    const { parts, done } = makeParts();
    await reconcile(parts);
    expect(done).to.deep.equal(all);
  });

  for (const [fails, told] of [
    [['certificate'], 'no certificate'],
    [['configuration of own and a CA'], 'no configuration of own and a CA'],
    [['certificate', 'configuration of own and a CA'], 'no certificate'],
  ] as const) {
    it(`does all there is to do, and says so, where these fail: ${fails.join(', ')}`, async () => {
      const { parts, done } = makeParts({ fails });
      expect(await reconcile(parts).catch(({ message }: Error) => message)).to.equal(told);
      expect(done).to.deep.equal(all);
    });
  }

  it('leaves the configuration to the leader, and to whoever has a CA', async () => {
    const follower = makeParts({ isLeader: false });
    await reconcile(follower.parts);
    expect(follower.done).to.deep.equal(['certificate', 'in sync: false']);
    const starting = makeParts({ caBundle: undefined });
    await reconcile(starting.parts);
    expect(starting.done).to.deep.equal(['certificate']);
  });
});
