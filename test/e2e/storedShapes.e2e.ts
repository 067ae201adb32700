import { expect } from 'chai';
import fc from 'fast-check';
import { podsOf } from '../../src/cli/inputs.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { leastStoredSize, storedSize } from '../../src/core/pod/storedSize.ts';
import { makeAcceptable } from '../core/acceptablePod.ts';
import { arbitraryPod } from '../core/arbitraryPod.ts';
import { readManifestFolder, shop } from '../manifestFolder.ts';
import { bySeed, tries } from '../property.ts';
import { describeOnEach } from './controlPlanes.ts';

// What a pod takes in the store is measured for pods of all shapes, and held against what the API server stored.

/** Each is stored for true, in four calls. */
const randomPods = 60;

const many = (count: number, entry: JsonObject): readonly JsonObject[] => Array.from({ length: count }, () => entry);

const term = {
  weight: 1,
  podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
};
const probed = {
  image: 'a',
  livenessProbe: { tcpSocket: { port: 80 } },
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
};

/** Of many small messages, as text of some 1 to 2 MB. */
const shapes: Readonly<Record<string, JsonObject>> = {
  '12,000 preferred terms of anti-affinity': {
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: many(12_000, term) } },
  },
  '8,000 containers with a probe and a hook': {
    containers: many(8000, probed).map((container, index) => ({ name: `c${index}`, ...container })),
    terminationGracePeriodSeconds: 30,
  },
  '400,000 empty terms of node affinity': {
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: many(400_000, {}) } },
    },
  },
  '2,000 volumes of many sources': {
    volumes: many(2000, {}).map((_, index) => ({
      name: `v${index}`,
      projected: {
        sources: [
          { serviceAccountToken: { path: 't', audience: 'a' } },
          { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
        ],
      },
    })),
  },
  '5,000 constraints of topology': {
    topologySpreadConstraints: many(5000, {}).map((_, index) => ({
      maxSkew: 1,
      topologyKey: `zone-${index}`,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
    })),
  },
};

const podOf = (spec: JsonObject): JsonObject => ({
  spec: { automountServiceAccountToken: false, containers: [{ name: 'a', image: 'a' }], ...spec },
});

describeOnEach(`what a pod takes in the store ${bySeed}`, (controlPlane) => {
  const pods = '/api/v1/namespaces/measured/pods';
  const path = `${pods}/measured`;
  before(() => controlPlane().makeNamespace('measured'));

  /** How much more is measured than is stored; nothing where the API server refuses the pod. */
  async function measure(pod: JsonObject): Promise<{ bytes: number; above: number } | undefined> {
    const { api } = controlPlane();
    const { namespace: _, generateName: __, ...described } = (pod['metadata'] ?? {}) as JsonObject;
    // No controller is there to make the service account, which would be refused as missing.
    const { serviceAccountName: ___, serviceAccount: ____, ...spec } = pod['spec'] as JsonObject;
    const created = { metadata: { ...described, name: 'measured' }, spec };
    const { status, body } = await api.request('POST', pods, created);
    if (status !== 201) return undefined;
    // They are not measured: the API server leaves them out itself where there is no room for them.
    await api.merge(path, { metadata: { managedFields: [{}] } });
    const bytes = await api.storedBytes(path);
    await api.request('DELETE', `${path}?gracePeriodSeconds=0`);
    const about = JSON.stringify(pod).slice(0, 1000);
    expect(storedSize(body), about).to.be.within(bytes, bytes * 1.03 + 2000);
    expect(leastStoredSize(body), about).to.be.within(bytes * 0.97 - 2000, bytes);
    return { bytes, above: storedSize(body) - bytes };
  }

  async function measureAll(measured: readonly JsonObject[]): Promise<void> {
    const above: number[] = [];
    for (const pod of measured) {
      const found = await measure(pod);
      if (found !== undefined) above.push(found.above);
    }
    process.stdout.write(
      `      ${above.length} of ${measured.length} pods stored, measured ${Math.min(...above)} to ${Math.max(...above)} bytes above\n`,
    );
    expect(above.length).to.be.greaterThan(measured.length * 0.8);
  }

  for (const [name, spec] of Object.entries(shapes)) {
    it(`is measured of ${name}`, async function () {
      this.timeout(120_000);
      const found = await measure(podOf(spec));
      expect(found, 'stored').to.not.equal(undefined);
      process.stdout.write(`      ${found?.bytes} bytes stored, measured ${found?.above} above\n`);
    });
  }

  it('is measured of the pods of the shop', async function () {
    this.timeout(120_000);
    const { inputs } = await readManifestFolder(shop);
    await measureAll(inputs.flatMap(podsOf).map(({ pod }) => pod));
  });

  it('is measured of random pods', async function () {
    this.timeout(240_000);
    await measureAll(fc.sample(arbitraryPod, tries(randomPods)).map(makeAcceptable));
  });
});
