import { expect } from 'chai';
import type { JsonObject } from '../../src/core/json/json.ts';
import { selects } from '../../src/core/policy/labelSelector.ts';
import type { Overlay } from './install.ts';
import { overlays, policyNames, webhooksOf } from './install.ts';

const enforce = 'kube-harden.io/enforce';
const preview = 'kube-harden.io/preview';

/** The first segments of the names of the webhooks that the API server would call for a pod of a namespace. */
function calledFor(overlay: Overlay, namespace: string, labels: JsonObject): readonly string[] {
  const all = { 'kubernetes.io/metadata.name': namespace, ...labels };
  return webhooksOf(overlay)
    .filter(({ namespaceSelector }) => selects(namespaceSelector, all))
    .map(({ name }) => name.replace('.kube-harden.io', ''));
}

describe('the namespaces that are concerned', () => {
  const cases: readonly (readonly [JsonObject, readonly string[], readonly string[]])[] = [
    [{}, [], ['default-policy']],
    [{ 'pod-security.kubernetes.io/enforce': 'restricted' }, [], ['default-policy']],
    [{ [enforce]: 'hardened' }, ['hardened.enforce'], ['hardened.enforce']],
    [{ [enforce]: 'restricted' }, ['restricted.enforce'], ['restricted.enforce']],
    [{ [enforce]: 'minimal' }, ['minimal.enforce'], ['minimal.enforce']],
    [{ [enforce]: 'none' }, [], []],
    // A slip of the pen, and a label without a value: the default is safer than nothing, and so is a refusal.
    [{ [enforce]: 'hardned' }, ['no-such-policy'], ['default-policy']],
    [{ [enforce]: '' }, ['no-such-policy'], ['default-policy']],
    [{ [preview]: 'hardened' }, ['hardened.preview'], ['default-policy', 'hardened.preview']],
    [{ [preview]: 'restricted' }, ['restricted.preview'], ['default-policy', 'restricted.preview']],
    [{ [preview]: 'minimal' }, ['minimal.preview'], ['default-policy', 'minimal.preview']],
    [{ [preview]: 'none' }, [], ['default-policy']],
    [{ [preview]: 'hardned' }, ['no-such-preview'], ['default-policy', 'no-such-preview']],
    [
      { [enforce]: 'minimal', [preview]: 'hardened' },
      ['minimal.enforce', 'hardened.preview'],
      ['minimal.enforce', 'hardened.preview'],
    ],
    [
      { [enforce]: 'hardened', [preview]: 'hardened' },
      ['hardened.enforce', 'hardened.preview'],
      ['hardened.enforce', 'hardened.preview'],
    ],
    [{ [enforce]: 'none', [preview]: 'hardened' }, ['hardened.preview'], ['hardened.preview']],
  ];
  for (const [labels, optIn, clusterWide] of cases) {
    it(`labelled ${JSON.stringify(labels)}`, () => {
      expect(calledFor('opt-in', 'shop', labels)).to.deep.equal(optIn);
      expect(calledFor('cluster-wide', 'shop', labels)).to.deep.equal(clusterWide);
    });
  }

  for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'kube-harden']) {
    it(`never ${namespace}, whatever its labels say`, () => {
      for (const overlay of overlays) {
        for (const value of [undefined, 'none', ...policyNames]) {
          const labels = value === undefined ? {} : { [enforce]: value, [preview]: value };
          expect(calledFor(overlay, namespace, labels)).to.deep.equal([]);
        }
      }
    });
  }

  it('meets one enforcing entry at most, whatever its label says', () => {
    for (const overlay of overlays) {
      for (const value of ['', 'none', 'hardned', ...policyNames]) {
        const called = calledFor(overlay, 'shop', { [enforce]: value, [preview]: 'hardened' });
        expect(called.filter((name) => !name.endsWith('.preview'))).to.have.length(value === 'none' ? 0 : 1);
      }
    }
  });
});
