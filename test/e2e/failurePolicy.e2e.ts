import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { until } from '../server/client.ts';
import { freePorts } from './controlPlane.ts';
import { describeOnEach } from './controlPlanes.ts';
import type { WebhookServer } from './webhookServer.ts';
import { configurationOf, configurations, encodeBundle, startWebhookServer } from './webhookServer.ts';

interface Target {
  readonly url: string;
  readonly caBundle: string;
}

const pod: JsonObject = { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };

describeOnEach('failurePolicy', (controlPlane) => {
  let webhook: WebhookServer;
  let targets: Readonly<Record<string, Target>>;
  const stops: (() => unknown)[] = [];

  /** A server that answers wrongly, in a way of its own. */
  async function startFaulty(answer: (response: ServerResponse) => void): Promise<Target> {
    const { cert, key, ca } = await makeThrowawayCertificate();
    const server = createServer({ cert, key }, (request, response) => {
      request.resume();
      request.on('end', () => answer(response));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    return { url: `https://127.0.0.1:${port}/enforce/hardened`, caBundle: encodeBundle(ca) };
  }

  before(async () => {
    webhook = await startWebhookServer();
    const [closed] = await freePorts(1);
    const url = `https://127.0.0.1:${webhook.port}`;
    const caBundle = encodeBundle(webhook.ca);
    targets = {
      'is down': { url: `https://127.0.0.1:${closed}/enforce/hardened`, caBundle },
      hangs: await startFaulty(() => {}),
      'answers 500': await startFaulty((response) => response.writeHead(500).end('{"error":"a fault"}')),
      'has a bad certificate': {
        url: `${url}/enforce/hardened`,
        caBundle: encodeBundle((await makeThrowawayCertificate()).ca),
      },
      'truncates its answer': await startFaulty((response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 1000 });
        response.write('{"apiVersion":"admission.k8s.io/v1","kind":"Admission');
        setTimeout(() => response.destroy(), 50);
      }),
      'has no such policy': { url: `${url}/enforce/missing`, caBundle },
    };
    const { api, makeNamespace } = controlPlane();
    for (const policy of ['Ignore', 'Fail']) {
      for (const [index, target] of Object.values(targets).entries()) {
        const name = `${policy.toLowerCase()}-${index}`;
        await makeNamespace(name);
        await api.create(configurations, makeConfiguration(name, policy, target));
      }
    }
  });
  after(async () => {
    for (const stop of stops) stop();
    await webhook.stop();
  });

  /** As installed, but for the server and the namespace. */
  function makeConfiguration(namespace: string, failurePolicy: string, clientConfig: Target): JsonObject {
    const { webhooks } = configurationOf('opt-in', webhook) as { webhooks: readonly JsonObject[] };
    const installed = webhooks.find(({ name }) => name === 'hardened.enforce.kube-harden.io') ?? {};
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    return {
      metadata: { name: namespace },
      webhooks: [{ ...installed, clientConfig, namespaceSelector, failurePolicy } as unknown as JsonObject],
    };
  }

  /** What the API server says where it must not go on; users see it, and the manual for installing quotes it. */
  const messages: Readonly<Record<string, RegExp>> = {
    'is down': /^failed to call webhook: .*connect: connection refused$/,
    hangs: /^failed to call webhook: .*context deadline exceeded/,
    'answers 500': /^failed to call webhook: an error on the server \(.*\) has prevented the request from succeeding/,
    'has a bad certificate':
      /^failed to call webhook: .*tls: failed to verify certificate: x509: certificate signed by unknown authority/,
    'truncates its answer': /^failed to call webhook: .*unexpected EOF/,
    'has no such policy': /^failed to call webhook: no policy is called "missing": there are hardened, /,
  };

  for (const [index, [fault, message]] of Object.entries(messages).entries()) {
    it(`refuses a pod where the server ${fault} and it says Fail`, async () => {
      const path = `/api/v1/namespaces/fail-${index}/pods?dryRun=All`;
      await until(async () => (await controlPlane().api.request('POST', path, pod)).status !== 201);
      const { status, body } = await controlPlane().api.request('POST', path, pod);
      expect(status).to.equal(500);
      const start = 'Internal error occurred: failed calling webhook "hardened.enforce.kube-harden.io": ';
      expect(String(body['message'])).to.satisfy((text: string) => text.startsWith(start));
      expect(String(body['message']).slice(start.length)).to.match(message);
    });

    it(`admits a pod as it is where the server ${fault} and it says Ignore`, async () => {
      const { status, body } = await controlPlane().api.request(
        'POST',
        `/api/v1/namespaces/ignore-${index}/pods?dryRun=All`,
        pod,
      );
      expect(status).to.equal(201);
      expect((body['spec'] as JsonObject)['securityContext']).to.deep.equal({});
    });
  }
});
