import { expect } from 'chai';
import type { Claiming, Mode } from '../../src/admission/answer.ts';
import { answer } from '../../src/admission/answer.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { leastStoredSize, mostStoredBytes, patchSize, storedSize } from '../../src/core/pod/storedSize.ts';
import { builtInPolicy } from '../core/policies.ts';

const claiming: Claiming = { signer: { sign: () => 'x'.repeat(43), verify: () => false }, now: 1_800_000_000 };

/** A pod that takes so many bytes of the store, by the measure that is tried here. */
function podOf(bytes: number): JsonObject {
  const make = (length: number): JsonObject => ({
    metadata: { name: 'large', namespace: 'n' },
    spec: { containers: [{ name: 'a', image: 'a', env: [{ name: 'PAD', value: 'x'.repeat(length) }] }] },
  });
  return make(bytes - (storedSize(make(bytes)) - bytes));
}

function respond(object: JsonObject, mode: Mode = 'enforce', bytes?: number) {
  const request = { uid: 'u', resource: 'v1/pods', operation: 'CREATE', namespace: 'n', kind: 'Pod', name: 'large' };
  return answer(
    { ...request, username: 'u', isDryRun: false, object, oldObject: null, bytes },
    builtInPolicy('hardened'),
    mode,
    claiming,
  ).review.response;
}

/** The keys of the annotations that a patch adds. */
function annotationsIn({ patch = '' }: { patch?: string | undefined }): readonly string[] {
  const text = Buffer.from(patch, 'base64').toString();
  return ['policy', 'added', 'claim'].filter((name) => text.includes(`kube-harden.io/${name}`));
}

describe('a pod that hardening makes larger than the API server can store', () => {
  it('is hardened whole where there is room', () => {
    const response = respond(podOf(mostStoredBytes - 2000));
    expect(response.allowed).to.equal(true);
    expect(annotationsIn(response)).to.deep.equal(['policy', 'added', 'claim']);
  });

  it("loses kube-harden's annotations first, and is told", () => {
    const response = respond(podOf(mostStoredBytes - 300));
    expect(response.allowed).to.equal(true);
    expect(Buffer.from(response.patch ?? '', 'base64').toString()).to.include('"readOnlyRootFilesystem":true');
    expect(annotationsIn(response)).to.deep.equal([]);
    expect(response.warnings).to.include(
      'kube-harden: pod: metadata.annotations withheld: the pod has no room left for them, so a later call will not know its o…',
    );
    expect(response.auditAnnotations?.['withheld']).to.equal('metadata.annotations (podFull)');
  });

  it('is refused where the fields do not fit either', () => {
    const response = respond(podOf(mostStoredBytes - 20));
    expect(response).to.have.keys('uid', 'allowed', 'status', 'auditAnnotations');
    expect(response.allowed).to.equal(false);
    expect(response.status).to.deep.equal({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: `kube-harden: hardened, the pod is too large for the API server to store (${
        mostStoredBytes - 20 + 39
      } bytes of at most 1572864): make it smaller`,
    });
    expect(response.auditAnnotations).to.deep.equal({
      policy: 'hardened',
      mode: 'enforce',
      withheld: 'spec.securityContext (tooLarge)',
    });
  });

  it('is told of it by a preview', () => {
    const response = respond(podOf(mostStoredBytes - 20), 'preview');
    expect(response.allowed).to.equal(true);
    expect(response.warnings?.[0]).to.match(
      /^kube-harden: pod: securityContext withheld: the API server could not store the pod/,
    );
  });

  it('is refused before anything is decided where it is too large by itself', () => {
    const containers = Array.from({ length: 200_000 }, () => ({ name: '' }));
    const start = process.cpuUsage();
    const response = respond({ spec: { containers } });
    expect(response.status?.message).to.match(/^kube-harden: hardened, the pod is too large/);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).to.be.below(500);
  });

  it('is refused before anything is decided where what each container gets does not fit', () => {
    const containers = Array.from({ length: 60_000 }, () => ({ name: '' }));
    const root = { name: 'r', image: 'a', securityContext: { runAsUser: 0 } };
    const pod = { spec: { containers: [root, ...containers] } };
    expect(leastStoredSize(pod)).to.be.below(mostStoredBytes);
    const start = process.cpuUsage();
    expect(respond(pod).status?.message).to.match(/^kube-harden: hardened, the pod is too large/);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).to.be.below(200);
  });

  it('is admitted with as many containers that have been given everything', () => {
    const securityContext = { allowPrivilegeEscalation: false, capabilities: {}, readOnlyRootFilesystem: true };
    const containers = Array.from({ length: 30_000 }, () => ({ name: '', securityContext }));
    const bare = containers.map(({ name }) => ({ name }));
    expect(respond({ spec: { containers } }).allowed).to.equal(true);
    expect(respond({ spec: { containers: [...bare, ...bare] } }).allowed).to.equal(false);
  });

  it('is not even measured in a review of few bytes', () => {
    expect(respond(podOf(mostStoredBytes), 'enforce', 1000).allowed).to.equal(true);
  });
});

describe('the stored size', () => {
  it('is as the API server stores it: measured at kube-apiserver 1.37', () => {
    const env = Array.from({ length: 1316 }, (_, index) => ({ name: `E${index}`, value: 'x'.repeat(975) }));
    const pod = { metadata: { name: 'large' }, spec: { containers: [{ name: 'c0', image: 'a', env }] } };
    // What the API server itself adds is some 250 bytes.
    expect(storedSize(pod)).to.be.within(1_299_528, 1_299_528 + 1100);
  });

  it('counts no managed fields, which the API server leaves out where they are too much', () => {
    const pod = { metadata: { name: 'a' }, spec: { containers: [] } };
    const managedFields = [{ manager: 'x', fieldsV1: { 'f:spec': { 'f:containers': {} } } }];
    expect(storedSize({ ...pod, metadata: { name: 'a', managedFields } })).to.equal(storedSize(pod));
  });

  it('counts an annotation that takes the place of another once', () => {
    const pod = { metadata: { annotations: { 'a/b': 'x'.repeat(1000) } }, spec: {} };
    const add = (value: string) => [{ op: 'add', path: '/metadata/annotations/a~1b', value }] as const;
    expect(patchSize(pod, add('x'.repeat(1100)))).to.be.within(100, 110);
    expect(patchSize({ spec: {} }, add('x'.repeat(1100)))).to.be.within(1100, 1120);
  });

  it('ends at what is nested too deep for a pod', () => {
    let deep: JsonObject = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { x: deep };
    expect(storedSize({ spec: deep })).to.be.below(10_000);
  });
});
