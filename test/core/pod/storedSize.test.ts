import { expect } from 'chai';
import fc from 'fast-check';
import { harden, isRefusal } from '../../../src/core/harden.ts';
import { applyPatch } from '../../../src/core/json/applyPatch.ts';
import type { JsonObject } from '../../../src/core/json/json.ts';
import { leastStoredSize, patchSize, storedSize } from '../../../src/core/pod/storedSize.ts';
import { arbitraryPod } from '../arbitraryPod.ts';
import { builtInPolicy } from '../policies.ts';

describe('storedSize', () => {
  it('comes to an end whatever a number is', () => {
    for (const number of ['1e400', '-1e400', '1e300', '9223372036854775807', '1.5', '-0']) {
      const pod = JSON.parse(`{"spec":{"priority":${number}}}`) as JsonObject;
      expect(storedSize(pod), number).to.be.below(2000);
      expect(leastStoredSize(pod), number).to.be.within(1, storedSize(pod));
    }
  });

  it('knows every message of a pod: measured with the Marshal of k8s.io/api 0.37', () => {
    const many = (count: number, entry: JsonObject): readonly JsonObject[] =>
      Array.from({ length: count }, () => entry);
    const term = { weight: 1, podAffinityTerm: { topologyKey: 'a', labelSelector: { matchLabels: { a: 'b' } } } };
    const preferred = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: many(12_000, term) } };
    const probed = {
      name: 'a',
      image: 'a',
      livenessProbe: { tcpSocket: { port: 80 } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
    };
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: many(400_000, {}) } };
    const specs: readonly (readonly [number, JsonObject])[] = [
      [228_081, { affinity: preferred }],
      [496_072, { containers: many(8000, probed) }],
      [800_085, { affinity: { nodeAffinity: required } }],
    ];
    for (const [bytes, spec] of specs) {
      expect(storedSize({ metadata: { name: 'a' }, spec })).to.be.within(bytes, bytes + 1100);
      expect(leastStoredSize({ metadata: { name: 'a' }, spec })).to.be.within(bytes - 100, bytes);
    }
  });

  it('measures what hardening adds, and little more', () => {
    const policy = builtInPolicy('hardened');
    fc.assert(
      fc.property(arbitraryPod, (pod) => {
        const answer = harden(pod, policy);
        if (isRefusal(answer)) return;
        const { patch } = answer;
        const added = storedSize(applyPatch(pod, patch) as JsonObject) - storedSize(pod);
        expect(patchSize(pod, patch)).to.be.within(added, added + 4 * patch.length);
      }),
    );
  });

  it('estimates what a newer version may have from its JSON', () => {
    const newer = { name: 'a', resourceShape: { kind: 'x', sizes: [1, 2], isTight: true, more: [{}, {}] } };
    const size = (container: JsonObject) => storedSize({ spec: { containers: [container] } });
    const added = size(newer) - size({ name: 'a' });
    expect(added).to.be.within(20, JSON.stringify(newer).length + 20);
    expect(leastStoredSize({ spec: { containers: [newer] } })).to.equal(
      leastStoredSize({ spec: { containers: [{ name: 'a' }] } }),
    );
  });

  it('measures in linear time', () => {
    const containers = Array.from({ length: 100_000 }, () => ({ name: '', securityContext: {}, unknown: [{}] }));
    const start = process.cpuUsage();
    storedSize({ spec: { containers } });
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).to.be.below(500);
  });
});
