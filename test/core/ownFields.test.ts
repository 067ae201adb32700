import { expect } from 'chai';
import type { ClaimedField } from '../../src/core/claims.ts';
import { ownFields } from '../../src/core/claims.ts';
import { harden, isRefusal } from '../../src/core/harden.ts';
import { applyPatch } from '../../src/core/json/applyPatch.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { describe as sentence } from '../../src/core/sentences.ts';
import { builtInPolicy } from './policies.ts';

function podOf(spec: JsonObject): JsonObject {
  return { metadata: { name: 'x' }, spec: { containers: [{ name: 'web', image: 'a' }], ...spec } };
}

function hardenAgain(pod: JsonObject, claimed: readonly ClaimedField[]) {
  const answer = harden(pod, builtInPolicy('hardened'), claimed);
  if (isRefusal(answer)) throw new Error(answer.refusal);
  const { spec } = applyPatch(pod, answer.patch) as { spec: { [key: string]: Json } };
  const removed = answer.decisions.filter(({ action }) => action === 'removed').map(sentence);
  return { spec, removed };
}

function hardenFirst(pod: JsonObject): { once: JsonObject; claimed: readonly ClaimedField[] } {
  const answer = harden(pod, builtInPolicy('hardened'));
  if (isRefusal(answer)) throw new Error(answer.refusal);
  return { once: applyPatch(pod, answer.patch) as JsonObject, claimed: ownFields(answer.decisions) };
}

const rootContainer = { name: 'web', image: 'a', securityContext: { runAsUser: 0 } };
const emptyDir = (name: string): JsonObject => ({ name, emptyDir: {} });
const claimOf = (name: string, value: Json): ClaimedField => ({ name, value });
const nonRoot = claimOf('spec.securityContext.runAsNonRoot', true);

describe("what is kube-harden's own", () => {
  it('is taken out once, however often it is claimed', () => {
    const claim = claimOf('spec.volumes[kube-harden-x]', emptyDir('kube-harden-x'));
    const volumes = [emptyDir('kube-harden-x'), emptyDir('data')];
    expect(hardenAgain(podOf({ volumes }), [claim, claim]).spec['volumes']).to.deep.equal([emptyDir('data')]);
  });

  it('is taken out without a neighbour, in whatever order it stands', () => {
    const names = ['a', 'kube-harden-x', 'b', 'kube-harden-y', 'c'];
    const claims = [
      claimOf('spec.volumes[kube-harden-x]', emptyDir('kube-harden-x')),
      nonRoot,
      claimOf('spec.volumes[kube-harden-y]', emptyDir('kube-harden-y')),
    ];
    const pod = podOf({
      securityContext: { runAsNonRoot: true },
      volumes: names.map(emptyDir),
      containers: [rootContainer],
    });
    for (const order of [claims, [...claims].reverse()]) {
      const { spec, removed } = hardenAgain(pod, order);
      expect(spec['volumes']).to.deep.equal(['a', 'b', 'c'].map(emptyDir));
      expect(spec['securityContext']).to.not.have.property('runAsNonRoot');
      expect(removed).to.have.members([
        'pod: volumes[kube-harden-x] removed again: what came later stands against it',
        'pod: volumes[kube-harden-y] removed again: what came later stands against it',
        'pod: runAsNonRoot removed again: what came later stands against it',
      ]);
    }
  });

  it("is another's once it has another value, but for the form of a size", () => {
    const added = { name: 'kube-harden-x', emptyDir: { sizeLimit: '1024Mi' } };
    const claim = claimOf('spec.volumes[kube-harden-x]', added);
    const left = (volume: JsonObject) => hardenAgain(podOf({ volumes: [volume] }), [claim]).spec['volumes'];
    expect(left(added)).to.deep.equal([]);
    expect(left({ name: 'kube-harden-x', emptyDir: { sizeLimit: '1Gi' } })).to.deep.equal([]);
    for (const changed of [
      { name: 'kube-harden-x', emptyDir: { sizeLimit: '2Gi' } },
      { name: 'kube-harden-x', emptyDir: {} },
      { name: 'kube-harden-x', emptyDir: { sizeLimit: '1024Mi', medium: 'Memory' } },
      { name: 'kube-harden-x', persistentVolumeClaim: { claimName: 'x' } },
    ]) {
      expect(left(changed)).to.deep.equal([changed]);
    }
  });

  it('is the mount of an own volume alone: of a changed one, it is left where it is', () => {
    const first = { metadata: { name: 'x' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
    const { once, claimed } = hardenFirst(first);
    const changed = structuredClone(once) as { spec: { volumes: { emptyDir: object }[] } };
    for (const volume of changed.spec.volumes) Object.assign(volume.emptyDir, { sizeLimit: '1Gi' });
    const { spec, removed } = hardenAgain(changed as unknown as JsonObject, claimed);
    expect(spec).to.deep.equal(changed.spec);
    expect(removed).to.deep.equal([]);
  });

  it('is put in its place with another value, where the pod has come to ask for another one', () => {
    const pod = {
      metadata: { name: 'x', annotations: { 'kube-harden.io/writable-paths': '/tmp' } },
      spec: { containers: [{ name: 'web', image: 'example/web' }] },
    };
    const { once, claimed } = hardenFirst(pod);
    const annotations = { 'kube-harden.io/writable-paths': '/tmp=64Mi' };
    const { spec } = hardenAgain({ ...once, metadata: { name: 'x', annotations } }, claimed);
    expect(spec['volumes']).to.deep.equal([{ name: 'kube-harden-tmp-c0213c8f', emptyDir: { sizeLimit: '64Mi' } }]);
  });

  it('stays while a container that is not its own mounts it', () => {
    const claim = claimOf('spec.volumes[kube-harden-x]', emptyDir('kube-harden-x'));
    const sidecar = { name: 'sidecar', image: 'b', volumeMounts: [{ name: 'kube-harden-x', mountPath: '/shared' }] };
    const pod = podOf({ volumes: [emptyDir('kube-harden-x')], containers: [sidecar] });
    expect(hardenAgain(pod, [claim]).spec['volumes']).to.deep.equal([emptyDir('kube-harden-x')]);
  });

  it('is found by its name alone: a container that is gone, a name that is none', () => {
    const pod = podOf({ securityContext: { runAsNonRoot: true } });
    const claims = [
      claimOf('spec.containers[gone].securityContext.runAsNonRoot', true),
      claimOf('spec.containers[web', true),
      claimOf('', pod),
      claimOf('spec.containers[web].__proto__', {}),
    ];
    expect(hardenAgain(pod, claims).removed).to.deep.equal([]);
  });
});
