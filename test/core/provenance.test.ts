import { expect } from 'chai';
import { harden, isRefusal } from '../../src/core/harden.ts';
import { applyPatch } from '../../src/core/json/applyPatch.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Policy } from '../../src/core/policy/policy.ts';
import { builtInPolicy } from './policies.ts';

// The annotation that says what kube-harden has added is anybody's to write.

function podOf(spec: JsonObject, claims: readonly string[]): JsonObject {
  const annotations = { 'kube-harden.io/added': JSON.stringify(claims) };
  return { metadata: { name: 'x', annotations }, spec: { containers: [{ name: 'web', image: 'a' }], ...spec } };
}

function specAfter(pod: JsonObject, policy: Policy): { [key: string]: Json } {
  const answer = harden(pod, policy);
  if (isRefusal(answer)) throw new Error(answer.refusal);
  return (applyPatch(pod, answer.patch) as { spec: { [key: string]: Json } }).spec;
}

const rootContainer = { name: 'web', image: 'a', securityContext: { runAsUser: 0 } };
const emptyDir = (name: string): JsonObject => ({ name, emptyDir: {} });

describe('claims of work', () => {
  const restricted = builtInPolicy('restricted');
  const hardened = builtInPolicy('hardened');

  it('count once, however often they are made', () => {
    const claim = 'spec.volumes[kube-harden-x]';
    const volumes = [emptyDir('kube-harden-x'), emptyDir('data')];
    expect(specAfter(podOf({ volumes }, [claim, claim]), hardened)['volumes']).to.deep.equal([emptyDir('data')]);
    const nonRoot = 'spec.securityContext.runAsNonRoot';
    const pod = podOf({ securityContext: { runAsNonRoot: true }, containers: [rootContainer] }, [nonRoot, nonRoot]);
    expect(specAfter(pod, restricted)['securityContext']).to.deep.equal({ seccompProfile: { type: 'RuntimeDefault' } });
  });

  it('are taken back without a neighbour, in whatever order they stand', () => {
    const names = ['a', 'kube-harden-x', 'b', 'kube-harden-y', 'c'];
    const claims = ['spec.volumes[kube-harden-x]', 'spec.securityContext.runAsNonRoot', 'spec.volumes[kube-harden-y]'];
    const spec = { securityContext: { runAsNonRoot: true }, volumes: names.map(emptyDir), containers: [rootContainer] };
    for (const order of [claims, [...claims].reverse()]) {
      expect(specAfter(podOf(spec, order), hardened)['volumes']).to.deep.equal(['a', 'b', 'c'].map(emptyDir));
    }
  });

  it('are good for nothing that no rule adds', () => {
    const container = { name: 'web', image: 'a', securityContext: { capabilities: { add: ['ALL'] } } };
    const sysctls = [{ name: 'net.ipv4.tcp_syncookies', value: '0' }];
    const pod = podOf({ securityContext: { sysctls }, containers: [container] }, [
      'spec.containers[web].securityContext.capabilities.add',
      'spec.containers[web].securityContext.capabilities',
      'spec.securityContext.sysctls[net.ipv4.tcp_syncookies]',
      'spec.containers[web].image',
      'spec.containers',
    ]);
    const after = specAfter(pod, hardened) as unknown as {
      containers: [{ securityContext: { capabilities: JsonObject } }];
      securityContext: JsonObject;
    };
    expect(after.containers[0].securityContext.capabilities['add']).to.deep.equal(['ALL']);
    expect(after.securityContext['sysctls']).to.deep.equal(sysctls);
  });

  it('leave the volumes to a root that stays read-only under another policy', () => {
    const pod = { metadata: { name: 'x' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
    const first = harden(pod, hardened);
    if (isRefusal(first)) throw new Error(first.refusal);
    const once = applyPatch(pod, first.patch) as JsonObject;
    for (const policy of [restricted, builtInPolicy('minimal')]) {
      const after = specAfter(once, policy);
      expect(after['volumes']).to.have.length(2);
      expect(after).to.deep.equal(once['spec']);
    }
  });
});
