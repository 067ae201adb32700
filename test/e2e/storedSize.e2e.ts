import { expect } from 'chai';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { leastStoredSize, mostStoredBytes, storedSize } from '../../src/core/pod/storedSize.ts';
import { until } from '../server/client.ts';
import { describeOnEach } from './controlPlanes.ts';
import type { WebhookServer } from './webhookServer.ts';
import { configurationOf, configurations, startWebhookServer } from './webhookServer.ts';

// A pod near what the API server can store: without kube-harden it is stored, or etcd refuses it; with kube-harden it
// is hardened, or kube-harden refuses it in its own words. Nothing is refused by etcd for what a patch added.

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** What makes pods large, each by some bytes a piece. */
const paddings: Readonly<Record<string, { readonly bytes: number; readonly pod: (pieces: number) => JsonObject }>> = {
  'long values of env': {
    bytes: 988,
    pod: (pieces) => podOf([{ env: range(pieces).map((index) => ({ name: `E${index}`, value: 'x'.repeat(975) })) }]),
  },
  'short values of env': {
    bytes: 16,
    pod: (pieces) => podOf([{ env: range(pieces).map((index) => ({ name: `E${index}`, value: `${index}` })) }]),
  },
  'arguments with what Go escapes': {
    bytes: 1003,
    pod: (pieces) => podOf([{ args: range(pieces).map(() => '<&>ü'.repeat(200)) }]),
  },
  containers: { bytes: 62, pod: (pieces) => podOf(range(pieces).map(() => ({}))) },
  'containers with ports, mounts and references': {
    bytes: 2250,
    pod: (pieces) =>
      podOf(
        range(pieces).map(() => ({
          args: ['x'.repeat(2000)],
          ports: [{ containerPort: 80 }],
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: 'y' } } }],
          resources: { limits: { cpu: '1', memory: '64Mi' } },
          livenessProbe: { httpGet: { path: '/', port: 80 } },
        })),
        { volumes: [{ name: 'v', emptyDir: {} }] },
      ),
  },
  volumes: {
    bytes: 30,
    pod: (pieces) =>
      podOf([{}], { volumes: range(pieces).map((index) => ({ name: `v${index}`, secret: { secretName: 's' } })) }),
  },
};

function podOf(containers: readonly JsonObject[], spec: JsonObject = {}): JsonObject {
  return {
    metadata: { name: 'large' },
    spec: {
      automountServiceAccountToken: false,
      containers: containers.map((fields, index) => ({ name: `c${index}`, image: 'a', ...fields })),
      ...spec,
    },
  };
}

const sizes = [1.3, 1.43, 1.49, 1.57, 1.6].map((megabytes) => megabytes * 1e6);

/** What hardening adds to a container, in bytes. */
const mostAdded = 25;

/** What the API server says before it asks any webhook. */
const bodyTooLarge = /^Request entity too large: limit is 3145728$/;

const ownWords =
  /^admission webhook "hardened\.enforce\.kube-harden\.io" denied the request: kube-harden: (hardened, the pod is too large|the pod has more values)/;

describeOnEach('pods near what can be stored', (controlPlane) => {
  let webhook: WebhookServer;
  const pods = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

  before(async function () {
    this.timeout(60_000);
    webhook = await startWebhookServer();
    const { api, makeNamespace } = controlPlane();
    await makeNamespace('plain');
    await makeNamespace('hardened', { 'kube-harden.io/enforce': 'hardened' });
    await api.create(configurations, configurationOf('opt-in', webhook));
    await until(async () => {
      const pod = await api.create(`${pods('hardened')}?dryRun=All`, podOf([{}]));
      return JSON.stringify(pod).includes('readOnlyRootFilesystem');
    });
  });
  after(() => webhook.stop());

  async function create(namespace: string, pod: JsonObject) {
    const { api } = controlPlane();
    const { status, body } = await api.request('POST', pods(namespace), pod);
    if (status !== 201) return { status, message: String(body['message']), body, bytes: 0 };
    const path = `${pods(namespace)}/large`;
    // The API server leaves them out itself where there is no room for them.
    await api.merge(path, { metadata: { managedFields: [{}] } });
    const bytes = await api.storedBytes(path);
    await api.request('DELETE', `${path}?gracePeriodSeconds=0`);
    return { status, message: '', body, bytes };
  }

  for (const [name, { bytes, pod }] of Object.entries(paddings)) {
    it(`by ${name}`, async function () {
      this.timeout(300_000);
      for (const size of sizes) {
        const large = pod(Math.round(size / bytes));
        const plain = await create('plain', large);
        const hardened = await create('hardened', large);
        const about = `${size}: plain ${plain.status} ${plain.bytes} ${plain.message}, hardened ${hardened.status} ${hardened.bytes} ${hardened.message}`;
        if (plain.status === 201) {
          expect(storedSize(plain.body), about).to.be.within(plain.bytes, plain.bytes * 1.03 + 2000);
          expect(leastStoredSize(plain.body), about).to.be.at.most(plain.bytes);
        }
        if (hardened.status === 201) {
          expect(JSON.stringify(hardened.body), about).to.include('"readOnlyRootFilesystem":true');
        } else {
          expect(hardened.message, about).to.match(hardened.message === plain.message ? bodyTooLarge : ownWords);
          const containers = (large['spec'] as { containers: readonly Json[] }).containers.length;
          // Of tiny values, which take more time to read than room to store, there is a limit of its own.
          if (plain.status === 201 && !hardened.message.includes('more values'))
            expect(plain.bytes + containers * mostAdded, about).to.be.above(mostStoredBytes * 0.96);
        }
      }
    });
  }
});
