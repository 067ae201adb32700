import { expect } from 'chai';
import type { JsonObject } from '../../src/core/json/json.ts';
import { describeOnEach } from './controlPlanes.ts';

// What an API server says of the field RuntimeDefault beside each value of the annotations of old, without kube-harden.
// src/core/rules/seccompProfile.ts goes by it.

const keys = {
  pod: 'seccomp.security.alpha.kubernetes.io/pod',
  container: 'container.seccomp.security.alpha.kubernetes.io/web',
};
const seccompProfile = { type: 'RuntimeDefault' };

function podOf(annotation: string, value: string, field: 'none' | 'pod' | 'container'): JsonObject {
  const context = (scope: string): JsonObject => (scope === field ? { securityContext: { seccompProfile } } : {});
  return {
    metadata: { name: 'web', annotations: { [annotation]: value } },
    spec: { containers: [{ name: 'web', image: 'a', ...context('container') }], ...context('pod') },
  };
}

/** By value: what becomes of a pod without the field, with the pod's, with the container's. */
const expected: Readonly<Record<keyof typeof keys, Readonly<Record<string, string>>>> = {
  pod: {
    'runtime/default': '201 201 201',
    'docker/default': '201 201 201',
    unconfined: '201 422 201',
    'localhost/x': '201 422 201',
    garbage: '422 422 422',
    '': '422 422 422',
  },
  container: {
    'runtime/default': '201 201 201',
    'docker/default': '201 201 201',
    unconfined: '201 201 422',
    'localhost/x': '201 201 422',
    garbage: '422 422 422',
    '': '422 422 422',
  },
};

describeOnEach('annotations of seccomp', (controlPlane) => {
  for (const key of ['pod', 'container'] as const) {
    it(`on the ${key} are held against the field of the same scope`, async () => {
      const { api, makeNamespace } = controlPlane();
      const namespace = `seccomp-${key}`;
      await makeNamespace(namespace);
      const seen: Record<string, string> = {};
      for (const value of Object.keys(expected[key])) {
        const statuses: number[] = [];
        for (const field of ['none', 'pod', 'container'] as const) {
          const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
          statuses.push((await api.request('POST', pods, podOf(keys[key], value, field))).status);
        }
        seen[value] = statuses.join(' ');
      }
      expect(seen).to.deep.equal(expected[key]);
    });
  }
});
