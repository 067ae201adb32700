import { expect } from 'chai';
import type { JsonObject } from '../../src/core/json/json.ts';
import { until } from '../server/client.ts';
import { describeOnEach } from './controlPlanes.ts';
import type { WebhookServer } from './webhookServer.ts';
import { configurationOf, configurations, startWebhookServer } from './webhookServer.ts';

// Under failurePolicy Ignore an error of kube-harden's admits a pod as it is, so nothing that a pod's author can write may
// lead to one.

const pods = '/api/v1/namespaces/hardened/pods';

const plain = { name: 'web', image: 'nginx' };

function podWith(fieldsV1: string, spec: JsonObject = {}): Buffer {
  const entry = { manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: '@@' };
  const metadata = { name: 'padded', managedFields: [{ ...entry, time: '2026-01-01T00:00:00Z' }] };
  const pod = { metadata, spec: { automountServiceAccountToken: false, containers: [plain], ...spec } };
  const [before = '', after = ''] = JSON.stringify(pod).split('"@@"');
  return Buffer.from(before + fieldsV1 + after, 'latin1');
}

const nest = (depth: number): string => `${'{"f:a":'.repeat(depth)}{}${'}'.repeat(depth)}`;

describeOnEach('padding, under failurePolicy Ignore', (controlPlane) => {
  let webhook: WebhookServer;

  before(async function () {
    this.timeout(60_000);
    webhook = await startWebhookServer();
    const { api, makeNamespace } = controlPlane();
    await makeNamespace('hardened', { 'kube-harden.io/enforce': 'hardened' });
    const configuration = configurationOf('opt-in', webhook);
    const webhooks = (configuration['webhooks'] as readonly JsonObject[]).map((one) => ({
      ...one,
      failurePolicy: 'Ignore',
    }));
    await api.create(configurations, { ...configuration, webhooks });
    await until(async () => {
      const { body } = await api.request('POST', `${pods}?dryRun=All`, podWith('{}'));
      return JSON.stringify(body).includes('readOnlyRootFilesystem');
    });
  });
  after(() => webhook.stop());

  const deepAndNoUtf8 = { '70 deep': nest(70), '9000 deep': nest(9000), 'no UTF-8': '{"f:\xff":{}}' };
  for (const [name, fields] of Object.entries(deepAndNoUtf8)) {
    it(`does not keep a pod from being hardened or refused: managed fields, ${name}`, async () => {
      const { status, body } = await controlPlane().api.request('POST', `${pods}?dryRun=All`, podWith(fields));
      const spec = JSON.stringify(body['spec'] ?? null);
      const about = `${status} ${String(body['message'])} ${spec}`.slice(0, 500);
      if (status === 201) expect(spec, about).to.include('"readOnlyRootFilesystem":true');
      else expect(body['message'], about).to.match(/denied the request: kube-harden: |max depth/);
    });
  }

  it('does not keep debug containers from being hardened: a pod full of arguments', async function () {
    this.timeout(60_000);
    const { api } = controlPlane();
    const args = Array.from({ length: 600_000 }, () => '');
    const created = await api.request('POST', pods, podWith('{}', { containers: [{ ...plain, args }] }));
    expect(created.status, String(created.body['message'])).to.equal(201);
    const debug = { name: 'debug', image: 'busybox' };
    const { status, body } = await api.request(
      'PATCH',
      `${pods}/padded/ephemeralcontainers`,
      { spec: { ephemeralContainers: [debug] } },
      'application/strategic-merge-patch+json',
    );
    expect(status, String(body['message'])).to.equal(200);
    const { ephemeralContainers } = body['spec'] as { ephemeralContainers: JsonObject[] };
    expect(ephemeralContainers[0]).to.have.nested.property('securityContext.allowPrivilegeEscalation', false);
  });
});
