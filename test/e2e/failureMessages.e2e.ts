import { once } from 'node:events';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import type { TestServer } from '../server/client.ts';
import { startTestServer, until } from '../server/client.ts';
import { describeOnEach } from './controlPlanes.ts';
import { configurationOf, configurations, encodeBundle } from './webhookServer.ts';

interface Target {
  readonly port: number;
  readonly ca: string;
}

interface Case {
  readonly status: number;
  /** Whom the API server calls. */
  readonly target: () => Target;
  readonly path?: string;
  readonly webhook?: JsonObject;
  /** kube-harden's own sentence. */
  readonly sentence: string;
}

// Somebody whose pod is refused reads one line of kubectl's: what kube-harden has to say must be in it.
describeOnEach('a failure', (controlPlane) => {
  const stops: (() => unknown)[] = [];
  let usual: TestServer;
  let strict: TestServer;
  let empty: TestServer;
  let otherType: Target;
  let slow: Target;

  async function start(options: Parameters<typeof startTestServer>[0]): Promise<TestServer> {
    const running = await startTestServer(options);
    stops.push(() => running.stop());
    return running;
  }

  const targetOf = ({ server, certificate }: TestServer): Target => ({ port: server.port, ca: certificate.ca });

  /** A proxy before the usual server that does to requests what no API server does. */
  async function startProxy(change: RequestOptions, pause: number): Promise<Target> {
    const { cert, key, ca } = await makeThrowawayCertificate();
    const server = createServer({ cert, key }, async (received, response) => {
      const body = await buffer(received);
      const to = { host: '127.0.0.1', port: usual.server.port, servername: 'localhost', ca: usual.certificate.ca };
      const headers = { 'content-type': 'application/json', 'content-length': body.length, ...change.headers };
      const sent = request({ ...to, method: 'POST', path: received.url, headers });
      sent.on('error', () => {});
      sent.write(body.subarray(0, 100));
      setTimeout(() => sent.end(body.subarray(100)), pause);
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      response.writeHead(answer.statusCode ?? 0, { 'content-type': answer.headers['content-type'] });
      response.end(await text(answer));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return { port: (server.address() as AddressInfo).port, ca };
  }

  const cases: readonly Case[] = [
    {
      status: 400,
      target: () => targetOf(usual),
      webhook: { admissionReviewVersions: ['v1beta1'] },
      sentence: 'the body must be an AdmissionReview of admission.k8s.io/v1',
    },
    {
      status: 404,
      target: () => targetOf(usual),
      path: '/enforce/missing',
      sentence: 'no policy is called "missing": there are hardened, minimal, broken',
    },
    { status: 405, target: () => targetOf(usual), path: '/healthz', sentence: 'this is asked by GET' },
    { status: 408, target: () => slow, sentence: 'the body was not there within 2 seconds' },
    { status: 413, target: () => targetOf(strict), sentence: 'the body is larger than 1000 bytes' },
    { status: 415, target: () => otherType, sentence: 'the body must be application/json' },
    {
      status: 500,
      target: () => targetOf(usual),
      path: '/enforce/broken',
      sentence: 'a fault in kube-harden; its log says more',
    },
    { status: 503, target: () => targetOf(empty), sentence: 'no policies yet' },
  ];

  async function register(
    name: string,
    { target, path = '/enforce/hardened', webhook = {} }: Omit<Case, 'sentence' | 'status'>,
  ) {
    const { api, makeNamespace } = controlPlane();
    await makeNamespace(name);
    const { port, ca } = target();
    const { webhooks } = configurationOf('opt-in', { port, ca }) as { webhooks: readonly JsonObject[] };
    const installed = webhooks.find((each) => each['name'] === 'hardened.enforce.kube-harden.io') ?? {};
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': name } };
    const clientConfig = { url: `https://127.0.0.1:${port}${path}`, caBundle: encodeBundle(ca) };
    const failing = {
      ...installed,
      clientConfig,
      namespaceSelector,
      failurePolicy: 'Fail',
      timeoutSeconds: 10,
      ...webhook,
    };
    await api.create(configurations, { metadata: { name }, webhooks: [failing as unknown as JsonObject] });
  }

  before(async () => {
    usual = await start({});
    usual.holder.policies = new Map([...(usual.holder.policies ?? []), ['broken', null as never]]);
    strict = await start({ limits: { bytes: 1000 } });
    empty = await start({});
    empty.holder.policies = undefined;
    otherType = await startProxy({ headers: { 'content-type': 'text/plain' } }, 0);
    slow = await startProxy({}, 5000);
    for (const each of cases) await register(`failing-${each.status}`, each);
    await register('huge', { target: () => targetOf(usual) });
    // The API server learns of webhooks by a watch.
    await sleep(1000);
  });
  after(async () => {
    for (const stop of stops) await stop();
  });

  for (const { status, sentence } of cases) {
    it(`of ${status} shows kube-harden's own sentence to whoever makes a pod`, async () => {
      const pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
      const answer = await controlPlane().api.request('POST', `/api/v1/namespaces/failing-${status}/pods`, pod);
      expect(answer.status).to.equal(500);
      // What kubectl prints, behind "Error from server (InternalError): ".
      expect(answer.body['message']).to.equal(
        `Internal error occurred: failed calling webhook "hardened.enforce.kube-harden.io": failed to call webhook: ${sentence}`,
      );
    });
  }

  it('does not come of 1.4 MB of "<", which Go writes as six bytes each', async () => {
    const env = [{ name: 'PAGE', value: '<'.repeat(1_400_000) }];
    const pod = { metadata: { name: 'page' }, spec: { containers: [{ name: 'web', image: 'nginx', env }] } };
    const { status, body } = await controlPlane().api.request('POST', '/api/v1/namespaces/huge/pods', pod);
    expect(status, String(body['message'])).to.equal(201);
    const { containers } = body['spec'] as { containers: readonly { securityContext: JsonObject }[] };
    expect(containers[0]?.securityContext).to.include({ allowPrivilegeEscalation: false });
    await until(() => usual.logged().some(({ name }) => name === 'page'));
  });
});
