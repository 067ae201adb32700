import { expect } from 'chai';
import { makeAuthority } from '../../src/certificates/issueCertificate.ts';
import type { PlacedPolicy } from '../../src/cluster/placePolicies.ts';
import { mostWebhookBytes, placePolicies } from '../../src/cluster/placePolicies.ts';
import { makeWebhooks } from '../../src/cluster/webhookConfiguration.ts';
import { someChoices } from './webhooks.ts';

const builtIn = new Set(['hardened', 'minimal']);

const policiesOf = (count: number, length = 8): readonly PlacedPolicy[] =>
  Array.from({ length: count }, (_, index) => ({
    name: String(index).padStart(length, 'n'),
    creationTimestamp: new Date(index * 60_000).toISOString(),
  }));

describe('placePolicies', () => {
  const bytesOf = (names: Iterable<string>, caBundle: string): number =>
    JSON.stringify(makeWebhooks({ ...someChoices, caBundle, policies: [...builtIn, ...names] })).length;

  it('takes as many as the webhook configuration has room for, with three CAs in its bundle', async () => {
    const { cert } = await makeAuthority('kube-harden', { notBefore: new Date(0), notAfter: new Date(1e12) });
    for (const length of [5, 63]) {
      const placed = placePolicies(policiesOf(1000, length), builtIn, { ...someChoices, caBundle: cert });
      expect(placed.size).to.be.within(120, 140);
      expect(bytesOf(placed, cert.repeat(3))).to.be.below(mostWebhookBytes);
    }
  });

  it('leaves no room that another one would have', () => {
    const caBundle = 'x'.repeat(5000);
    const placed = placePolicies(policiesOf(1000), builtIn, { ...someChoices, caBundle });
    expect(bytesOf(placed, caBundle)).to.be.within(mostWebhookBytes - 20_000, mostWebhookBytes);
  });

  it('comes to the same with one, two and three CAs', async () => {
    const { cert } = await makeAuthority('kube-harden', { notBefore: new Date(0), notAfter: new Date(1e12) });
    const sizes = [0, 1, 2, 3].map(
      (count) => placePolicies(policiesOf(1000), builtIn, { ...someChoices, caBundle: cert.repeat(count) }).size,
    );
    expect(new Set(sizes).size).to.equal(1);
  });

  it('takes the oldest, whatever the order in which they were seen, and of one second the first by name', () => {
    const all = policiesOf(1000);
    const placed = placePolicies(all, builtIn, someChoices);
    expect([...placed]).to.deep.equal(all.slice(0, placed.size).map(({ name }) => name));
    expect([...placePolicies([...all].reverse(), builtIn, someChoices)]).to.deep.equal([...placed]);
    const together = all.map((policy) => ({ ...policy, creationTimestamp: '2026-11-24T00:00:00Z' }));
    const byName = together.map(({ name }) => name).sort();
    expect([...placePolicies(together, builtIn, someChoices)]).to.deep.equal(byName.slice(0, placed.size));
  });

  it('puts none out of its place for one that comes later, though that has a shorter name', () => {
    const all = policiesOf(1000, 60);
    const placed = placePolicies(all, builtIn, someChoices);
    const late = { name: 'a', creationTimestamp: '2027-01-01T00:00:00Z' };
    expect([...placePolicies([late, ...all], builtIn, someChoices)]).to.deep.equal([...placed]);
  });

  it('always has a place for one that stands in for a built-in policy', () => {
    const late = { name: 'hardened', creationTimestamp: '2027-01-01T00:00:00Z' };
    expect(placePolicies([...policiesOf(1000), late], builtIn, someChoices).has('hardened')).to.equal(true);
  });
});
