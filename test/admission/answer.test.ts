import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Claiming } from '../../src/admission/answer.ts';
import { answer } from '../../src/admission/answer.ts';
import { ReviewError, readReview } from '../../src/admission/review.ts';
import { makeAnnotations } from '../../src/core/claims.ts';
import type { Decision } from '../../src/core/decisions/decision.ts';
import { harden } from '../../src/core/harden.ts';
import { applyPatch } from '../../src/core/json/applyPatch.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Patch } from '../../src/core/json/patch.ts';
import { makeClaimsKey } from '../../src/server/claimsKey.ts';
import { builtInPolicy } from '../core/policies.ts';

const hardened = builtInPolicy('hardened');
const { signer } = makeClaimsKey(Buffer.alloc(32, 1));
const otherSigner = makeClaimsKey(Buffer.alloc(32, 2)).signer;

function record(name: string): JsonObject {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8')) as JsonObject;
}

/** A recorded review with another request in parts. */
function change(name: string, changes: (request: { [key: string]: Json }) => void): JsonObject {
  const review = structuredClone(record(name)) as { request: { [key: string]: Json } };
  changes(review.request);
  return review;
}

const now = 1_764_025_200;

function answerTo(review: Json, mode: 'enforce' | 'preview' = 'enforce', claiming?: Partial<Claiming>) {
  return answer(readReview(review), hardened, mode, { signer, now, ...claiming }).review.response;
}

function patchIn(response: { patch?: string }): Patch {
  return JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()) as Patch;
}

interface Pod {
  metadata: { annotations: { [key: string]: string } };
  spec: { securityContext: object; containers: object[] };
}

/** The annotations of a pod of this test that kube-harden has hardened, so that `spec` came out. */
function recordOf(spec: { readonly securityContext: JsonObject }): JsonObject {
  const { name = null } = podIn(record('update-pod-ephemeralcontainers'))['metadata'] as JsonObject;
  const decisions = Object.entries(spec.securityContext).map(
    ([rule, value]): Decision => ({
      rule: rule as 'runAsNonRoot',
      field: `securityContext.${rule}`,
      where: { scope: 'pod' },
      action: 'added',
      path: [],
      value,
    }),
  );
  const { namespace = null } = (record('update-pod-ephemeralcontainers')['request'] ?? {}) as JsonObject;
  const context = { signer, namespace: String(namespace), around: now, isDryRun: false, isCreation: true };
  const written = makeAnnotations({ metadata: { name } }, 'hardened', decisions, context) ?? [];
  return Object.fromEntries(written.map(({ path, value }) => [path.at(-1), value]));
}

function podIn(review: JsonObject): JsonObject {
  return (review['request'] as JsonObject)['object'] as JsonObject;
}

const whatImagesTell = [
  'kube-harden: container c: starts only if its image names a USER by number, not 0; or set runAsUser',
  'kube-harden: container c: no writable path is known; annotate kube-harden.io/writable-paths if it writes',
];

describe('answer', () => {
  it("hardens a pod that is created, with the engine's own patch, byte for byte", () => {
    const review = record('create-pod');
    const pod = (review['request'] as JsonObject)['object'] as JsonObject;
    const engine = harden(pod, hardened);
    if ('refusal' in engine) throw new Error(engine.refusal);
    const response = answerTo(review);
    const patch = patchIn(response);
    expect(JSON.stringify(patch.slice(0, -1))).to.equal(JSON.stringify(engine.patch));
    const written = patch.at(-1);
    expect(written?.path).to.equal('/metadata/annotations');
    expect(written).to.have.nested.property('value.kube-harden\\.io/policy', 'hardened');
    expect(response).to.deep.include({
      uid: 'd27a6b37-ccb9-4892-9e8a-e7dc996edead',
      allowed: true,
      patchType: 'JSONPatch',
    });
    expect(response.warnings).to.deep.equal([
      'kube-harden added: seccompProfile, runAsNonRoot, allowPrivilegeEscalation, capabilities, readOnlyRootFilesystem',
      ...whatImagesTell,
    ]);
    expect(response.auditAnnotations).to.deep.equal({
      policy: 'hardened',
      mode: 'enforce',
      added:
        'spec.securityContext.seccompProfile, spec.securityContext.runAsNonRoot, spec.containers[c].securityContext.allowPrivilegeEscalation, spec.containers[c].securityContext.capabilities.drop, spec.containers[c].securityContext.readOnlyRootFilesystem',
    });
  });

  it('says the same to the audit log when it is called a second time', () => {
    const first = answerTo(record('create-pod'));
    const second = change('create-pod', (request) => {
      request['object'] = applyPatch(request['object'] ?? null, patchIn(first));
    });
    expect(answerTo(second).auditAnnotations).to.deep.equal(first.auditAnnotations);
    expect(answerTo(second)).to.not.have.any.keys('patch', 'patchType', 'warnings');
  });

  it('only warns in preview', () => {
    const response = answerTo(record('create-pod'), 'preview');
    expect(response).to.not.have.any.keys('patch', 'patchType');
    expect(response.warnings).to.deep.equal([
      'kube-harden would add (policy hardened): seccompProfile, runAsNonRoot, allowPrivilegeEscalation, capabilities and 1 more',
      ...whatImagesTell,
    ]);
    expect(response.auditAnnotations?.['mode']).to.equal('preview');
  });

  it('leaves alone whatever is neither a pod that is created nor a debug container that arrives', () => {
    const mutating = ['create-pod.json', 'create-pod-dry-run.json', 'create-pod-by-replicaset.json'];
    for (const file of readdirSync(join(import.meta.dirname, 'recorded'))) {
      if (mutating.includes(file) || file === 'update-pod-ephemeralcontainers.json') continue;
      const response = answerTo(record(file.replace('.json', '')));
      expect(Object.keys(response), file).to.deep.equal(['uid', 'allowed']);
    }
    for (const file of mutating) expect(answerTo(record(file.replace('.json', ''))), file).to.have.property('patch');
  });

  it('takes no other group for pods', () => {
    const other = change('create-pod', (request) => {
      request['resource'] = { group: 'metrics.k8s.io', version: 'v1', resource: 'pods' };
    });
    expect(Object.keys(answerTo(other))).to.deep.equal(['uid', 'allowed']);
  });

  it('leaves mirror pods to the node that they mirror, and to no one else', () => {
    const mirror = (username: string): JsonObject =>
      change('create-pod', (request) => {
        const pod = request['object'] as { metadata: { [key: string]: Json }; spec: { [key: string]: Json } };
        pod.metadata['annotations'] = { 'kubernetes.io/config.mirror': 'x' };
        pod.spec['nodeName'] = 'n1';
        request['userInfo'] = { username };
      });
    expect(answerTo(mirror('system:node:n1'))).to.not.have.property('patch');
    expect(answerTo(mirror('system:node:n2'))).to.have.property('patch');
    expect(answerTo(mirror('admin'))).to.have.property('patch');
  });

  describe('to an update of ephemeralcontainers', () => {
    const debugContainer = (container: JsonObject, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject =>
      change('update-pod-ephemeralcontainers', (request) => {
        for (const key of ['object', 'oldObject']) {
          const pod = request[key] as { metadata: JsonObject; spec: JsonObject };
          const ephemeralContainers =
            key === 'object' ? [{ name: 'old', image: 'a' }, container] : [{ name: 'old', image: 'a' }];
          request[key] = {
            ...pod,
            metadata: { ...pod.metadata, ...metadata },
            spec: { ...pod.spec, ...spec, ephemeralContainers },
          };
        }
      });

    it('hardens what is new in it, at the container alone', () => {
      const response = answerTo(debugContainer({ name: 'new', image: 'busybox' }, { securityContext: {} }));
      expect(patchIn(response)).to.deep.equal([
        {
          op: 'add',
          path: '/spec/ephemeralContainers/1/securityContext',
          value: {
            seccompProfile: { type: 'RuntimeDefault' },
            runAsNonRoot: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
        },
      ]);
      expect(response.warnings?.[1]).to.equal(
        'kube-harden: debug container new: readOnlyRootFilesystem withheld: a debug container may write where it likes',
      );
    });

    it('adds nothing that the pod has decided', () => {
      const spec = { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } };
      expect(patchIn(answerTo(debugContainer({ name: 'new', image: 'busybox' }, spec)))).to.deep.equal([
        {
          op: 'add',
          path: '/spec/ephemeralContainers/1/securityContext',
          value: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ]);
    });

    const root: JsonObject = { name: 'new', image: 'busybox', securityContext: { privileged: true } };
    const spec = { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } };

    it("lets root start where the pod's runAsNonRoot is kube-harden's own, however long ago", () => {
      const metadata = { annotations: recordOf(spec), creationTimestamp: '2025-11-24T23:00:30Z' };
      const response = answerTo(debugContainer(root, spec, metadata), 'enforce', { now: now + 400 * 86_400 });
      expect(patchIn(response)).to.deep.equal([
        { op: 'add', path: '/spec/ephemeralContainers/1/securityContext/runAsNonRoot', value: false },
      ]);
    });

    it('believes no annotation that it has not signed, nor one of another time', () => {
      const forged = {
        'kube-harden.io/policy': 'hardened',
        'kube-harden.io/added': '["spec.securityContext.runAsNonRoot"]',
      };
      const creationTimestamp = '2025-11-24T23:00:30Z';
      for (const metadata of [
        {},
        { annotations: forged, creationTimestamp },
        { annotations: recordOf(spec), creationTimestamp: '2025-11-24T23:02:30Z' },
        { annotations: recordOf(spec), creationTimestamp: null },
      ]) {
        expect(answerTo(debugContainer(root, spec, metadata)), JSON.stringify(metadata)).to.not.have.property('patch');
      }
    });
  });

  describe('to a second call', () => {
    /** What comes back after another webhook has put a container beside those that are there. */
    function secondCall(first: { patch?: string }, changes: (pod: Pod) => void = () => {}): JsonObject {
      return change('create-pod', (request) => {
        request['object'] = applyPatch(request['object'] ?? null, patchIn(first));
        changes(request['object'] as unknown as Pod);
      });
    }

    const addRoot = (pod: Pod): void => {
      pod.spec.containers.push({ name: 'sidecar', image: 'mesh', securityContext: { runAsUser: 0 } });
    };

    it('lets a root sidecar start that came later, and tells what it takes out for it', () => {
      const response = answerTo(secondCall(answerTo(record('create-pod')), addRoot));
      const operations = patchIn(response);
      expect(operations).to.deep.include({ op: 'remove', path: '/spec/securityContext/runAsNonRoot' });
      expect(operations).to.deep.include({
        op: 'add',
        path: '/spec/containers/0/securityContext/runAsNonRoot',
        value: true,
      });
      expect(response.warnings).to.include(
        'kube-harden: pod: runAsNonRoot removed again: a container that came later must not inherit it',
      );
      expect(response.auditAnnotations).to.have.property(
        'removed',
        'spec.securityContext.runAsNonRoot (movedToContainers)',
      );
    });

    it('believes its own claim for a minute, in its own namespace, for its own pod, unchanged', () => {
      const first = answerTo(record('create-pod'));
      const removes = (review: JsonObject, claiming: Partial<Claiming> = {}): boolean =>
        patchIn(answerTo(review, 'enforce', claiming)).some(({ op }) => op === 'remove');
      const second = secondCall(first, addRoot);
      expect(removes(second)).to.equal(true);
      expect(removes(second, { now: now + 60 })).to.equal(true);
      expect(removes(second, { now: now - 60 })).to.equal(true);
      expect(removes(second, { now: now + 61 })).to.equal(false);
      expect(removes(second, { now: now - 61 })).to.equal(false);
      expect(removes(second, { signer: otherSigner })).to.equal(false);
      const elsewhere = structuredClone(second) as unknown as { request: { namespace: string } };
      elsewhere.request.namespace = 'elsewhere';
      expect(removes(elsewhere)).to.equal(false);
      const changed: readonly ((pod: Pod) => void)[] = [
        ({ metadata }) => Object.assign(metadata, { name: 'another' }),
        ({ metadata }) => Object.assign(metadata, { generateName: 'another-' }),
        ({ metadata: { annotations } }) => Object.assign(annotations, { 'kube-harden.io/added': '[]' }),
        ({ metadata: { annotations } }) => {
          annotations['kube-harden.io/claim'] = (annotations['kube-harden.io/claim'] ?? '').replace(
            /"at":\d+/,
            '"at":1',
          );
        },
        ({ metadata: { annotations } }) => {
          annotations['kube-harden.io/claim'] = (annotations['kube-harden.io/claim'] ?? '').replace('v1.', 'v2.');
        },
        ({ spec }) => Object.assign(spec.securityContext, { runAsNonRoot: null }),
      ];
      for (const [index, alter] of changed.entries()) {
        const altered = secondCall(first, (pod) => {
          addRoot(pod);
          alter(pod);
        });
        expect(removes(altered), String(index)).to.equal(false);
      }
    });

    it('tells in a preview what would come to what another policy has added, and takes nothing of that out', () => {
      const second = secondCall(answerTo(record('create-pod')));
      const { review } = answer(readReview(second), builtInPolicy('minimal'), 'preview', { signer, now });
      expect(review.response).to.not.have.property('warnings');
    });

    it('believes no claim of a dry run, nor of another creation', () => {
      const dry = change('create-pod', (request) => (request['dryRun'] = true));
      const removes = (review: JsonObject): boolean => patchIn(answerTo(review)).some(({ op }) => op === 'remove');
      const second = secondCall(answerTo(dry), addRoot);
      expect(removes(second)).to.equal(false);
      (second['request'] as { dryRun: boolean }).dryRun = true;
      expect(removes(second)).to.equal(true);
      const anew = secondCall(answerTo(record('create-pod')), (pod) => {
        addRoot(pod);
        const [writer] = (pod.metadata as unknown as { managedFields: { time: string }[] }).managedFields;
        if (writer !== undefined) writer.time = '2026-11-23T08:02:13Z';
      });
      expect(removes(anew)).to.equal(false);
    });

    it('leaves what an author has written beside a claim of other fields', () => {
      const authored = change('create-pod', (request) => {
        const pod = request['object'] as unknown as Pod;
        pod.spec.securityContext = { runAsNonRoot: true };
      });
      const first = answerTo(authored);
      const second = structuredClone(authored) as unknown as { request: { object: Json } };
      second.request.object = applyPatch(second.request.object, patchIn(first));
      addRoot(second.request.object as unknown as Pod);
      expect(patchIn(answerTo(second)).filter(({ op }) => op === 'remove')).to.deep.equal([]);
    });
  });

  it('throws for a pod that is none: what it cannot harden it must not admit', () => {
    const broken = change('create-pod', (request) => {
      request['object'] = { metadata: {}, spec: { containers: 'none' } };
    });
    expect(() => answerTo(broken)).to.throw(ReviewError, 'request.object.spec.containers: must be a list, is a string');
  });
});

describe('readReview', () => {
  const cases: readonly (readonly [string, Json, string])[] = [
    ['a list', [], 'the body must be an AdmissionReview object'],
    ['another kind', { kind: 'Pod', apiVersion: 'v1' }, 'the body must be an AdmissionReview of admission.k8s.io/v1'],
    [
      'another version',
      { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1beta1', request: {} },
      'the body must be an AdmissionReview of admission.k8s.io/v1',
    ],
    [
      'no request',
      { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' },
      'the AdmissionReview has no request',
    ],
    [
      'no uid',
      change('create-pod', (request) => delete request['uid']),
      'request.uid must be a string that is not empty',
    ],
    [
      'a number for an operation',
      change('create-pod', (request) => (request['operation'] = 1)),
      'request.operation must be a string',
    ],
    [
      'no resource',
      change('create-pod', (request) => delete request['resource']),
      'request.resource must be an object',
    ],
  ];
  for (const [name, body, message] of cases) {
    it(`refuses ${name}`, () => expect(() => readReview(body)).to.throw(ReviewError, message));
  }

  it('names a pod without a name by what its name begins with', () => {
    expect(readReview(record('create-pod-by-replicaset')).name).to.match(/^.+\*$/);
  });
});
