import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { noMetrics } from '../../src/server/metrics.ts';
import type { TestServer } from './client.ts';
import { readRecorded, startTestServer, until } from './client.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/** A metav1.Status, of which the API server passes the message on. */
function statusOf(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: reasons[code], code };
}

describe('server', () => {
  let running: TestServer;
  before(async () => {
    running = await startTestServer({ limits: { bytes: 1024 * 1024 } });
  });
  after(() => running.stop());

  it('answers a recorded review, whatever the query, on a connection that stays open', async () => {
    const { status, headers, text } = await running.send(
      'POST',
      '/enforce/hardened?timeout=10s',
      readRecorded('create-pod'),
    );
    expect(status).to.equal(200);
    expect(headers['content-type']).to.equal('application/json');
    expect(headers['connection']).to.equal('keep-alive');
    expect(headers).to.not.have.any.keys('x-powered-by', 'etag');
    const { response } = JSON.parse(text) as { response: Record<string, unknown> };
    expect(response).to.include({ uid: 'd27a6b37-ccb9-4892-9e8a-e7dc996edead', allowed: true, patchType: 'JSONPatch' });
  });

  it('only warns on /preview', async () => {
    const { text } = await running.send('POST', '/preview/minimal', readRecorded('create-pod'));
    const { response } = JSON.parse(text) as { response: Record<string, unknown> };
    expect(response).to.not.have.property('patch');
    expect(response['warnings']).to.deep.equal([
      'kube-harden would add (policy minimal): seccompProfile, allowPrivilegeEscalation',
    ]);
  });

  it('warns on /preview of a policy that is not there', async () => {
    const { status, text } = await running.send('POST', '/preview/none', readRecorded('create-pod'));
    expect(status).to.equal(200);
    const { response } = JSON.parse(text) as { response: Record<string, unknown> };
    expect(response).to.deep.equal({
      uid: 'd27a6b37-ccb9-4892-9e8a-e7dc996edead',
      allowed: true,
      warnings: [
        "kube-harden: nothing to preview: this namespace's label kube-harden.io/preview names no policy",
        'kube-harden: the policies are hardened, minimal',
      ],
      auditAnnotations: { mode: 'preview' },
    });
  });

  it('logs one line a review, with counts and without what is in the pod', async () => {
    const before = running.logged().length;
    await running.send('POST', '/enforce/hardened', readRecorded('create-pod-by-replicaset'));
    const lines = running.logged().slice(before);
    expect(lines).to.have.length(1);
    const { durationMs, timestamp, uid, name, ...rest } = lines[0] ?? {};
    expect(durationMs).to.be.a('number');
    expect(timestamp).to.be.a('string');
    expect(uid).to.be.a('string');
    expect(name).to.match(/\*$/);
    expect(rest).to.deep.equal({
      level: 'info',
      message: 'review',
      namespace: 'demo',
      kind: 'Pod',
      operation: 'CREATE',
      resource: 'v1/pods',
      policy: 'hardened',
      mode: 'enforce',
      added: 5,
      kept: 0,
      withheld: 0,
      removed: 0,
    });
  });

  const json = { 'content-type': 'application/json' };
  const refused: readonly (readonly [
    string,
    string,
    string,
    string | Buffer | undefined,
    Record<string, string>,
    number,
    string,
  ])[] = [
    [
      'an unknown policy',
      'POST',
      '/enforce/missing',
      '{}',
      json,
      404,
      'no policy is called "missing": there are hardened, minimal',
    ],
    [
      'a namespace whose label names no policy',
      'POST',
      '/enforce/none',
      '{}',
      json,
      404,
      "the namespace's label kube-harden.io/enforce names no policy: there are hardened, minimal",
    ],
    [
      'another path',
      'GET',
      '/',
      undefined,
      json,
      404,
      'there are /enforce/<policy>, /preview/<policy>, /healthz and /readyz',
    ],
    ['another method', 'PUT', '/enforce/hardened', '{}', json, 405, 'reviews come by POST'],
    ['a posted question', 'POST', '/readyz', '{}', json, 405, 'this is asked by GET'],
    [
      'another type',
      'POST',
      '/enforce/hardened',
      '{}',
      { 'content-type': 'text/plain' },
      415,
      'the body must be application/json',
    ],
    ['no JSON', 'POST', '/enforce/hardened', '{', json, 400, 'the body is not JSON'],
    ['nothing', 'POST', '/enforce/hardened', '', json, 400, 'the body is not JSON'],
    ['no UTF-8', 'POST', '/enforce/hardened', Buffer.from([0x22, 0xff, 0x22]), json, 400, 'the body is not UTF-8'],
    [
      'deep nesting',
      'POST',
      '/enforce/hardened',
      '['.repeat(65) + ']'.repeat(65),
      json,
      400,
      'the body is nested deeper than 64',
    ],
    [
      'hostile nesting',
      'POST',
      '/enforce/hardened',
      `${'{"a":'.repeat(20_000)}0${'}'.repeat(20_000)}`,
      json,
      400,
      'the body is nested deeper than 10002',
    ],
    [
      'no review',
      'POST',
      '/enforce/hardened',
      '{}',
      json,
      400,
      'the body must be an AdmissionReview of admission.k8s.io/v1',
    ],
    [
      'too much',
      'POST',
      '/enforce/hardened',
      Buffer.alloc(1024 * 1024 + 1, 0x20),
      json,
      413,
      'the body is larger than 1048576 bytes',
    ],
    [
      'too much in pieces',
      'POST',
      '/enforce/hardened',
      Buffer.alloc(1024 * 1024 + 1, 0x20),
      { ...json, 'transfer-encoding': 'chunked' },
      413,
      'the body is larger than 1048576 bytes',
    ],
    ['a path that is no UTF-8', 'POST', '/enforce/%ff', '{}', json, 400, 'the path is not UTF-8'],
  ];
  for (const [name, method, path, body, headers, status, error] of refused) {
    it(`answers ${status} to ${name}`, async () => {
      const reply = await running.send(method, path, body, headers);
      expect(reply.headers['content-type']).to.equal('application/json');
      expect({ status: reply.status, body: JSON.parse(reply.text) as unknown }).to.deep.equal({
        status,
        body: statusOf(status, error),
      });
    });
  }

  it('takes 64 levels, and does not count brackets in strings', async () => {
    const review = JSON.parse(readRecorded('create-pod')) as {
      request: { object: { metadata: Record<string, unknown> } };
    };
    review.request.object.metadata['annotations'] = { note: `${'['.repeat(100)}\\"{` };
    expect((await running.send('POST', '/enforce/hardened', JSON.stringify(review))).status).to.equal(200);
    const deep = '['.repeat(64) + ']'.repeat(64);
    expect((await running.send('POST', '/enforce/hardened', deep)).text).to.include(
      'must be an AdmissionReview object',
    );
  });

  it('answers 400 to a pod that is none, and never admits it', async () => {
    const review = JSON.parse(readRecorded('create-pod')) as { request: { object: unknown } };
    review.request.object = { spec: { containers: 7 } };
    const { status, text } = await running.send('POST', '/enforce/hardened', JSON.stringify(review));
    expect(status).to.equal(400);
    expect(JSON.parse(text)).to.deep.equal(
      statusOf(400, 'request.object.spec.containers: must be a list, is a number'),
    );
  });

  it('answers 500 to a fault of its own, says no more than that, and logs the stack', async () => {
    const { policies } = running.holder;
    running.holder.policies = new Map([['broken', null as never]]);
    const { status, text } = await running.send('POST', '/enforce/broken', readRecorded('create-pod'));
    running.holder.policies = policies;
    expect({ status, body: JSON.parse(text) as unknown }).to.deep.equal({
      status: 500,
      body: statusOf(500, 'a fault in kube-harden; its log says more'),
    });
    const { error, ...fault } = running.logged().at(-1) ?? {};
    expect(String(error)).to.match(/^TypeError: .+\n +at /);
    expect(fault).to.deep.include({
      level: 'error',
      message: 'fault',
      path: '/enforce/broken',
      uid: 'd27a6b37-ccb9-4892-9e8a-e7dc996edead',
      namespace: 'demo',
      kind: 'Pod',
    });
  });

  it('tells a client that writes all before it reads that it is too much', async () => {
    for (const head of [`Content-Length: ${20e6}`, 'Transfer-Encoding: chunked']) {
      const socket = await running.connect();
      socket.pause();
      socket.write(`POST /enforce/hardened HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${head}\r\n\r\n`);
      if (head.startsWith('T')) socket.write(`${(20e6).toString(16)}\r\n`);
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.write(Buffer.alloc(20e6, 0x20), () => resolve());
      });
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      socket.resume();
      await until(() => answer.endsWith('"code":413}'));
      expect(answer).to.match(/^HTTP\/1\.1 413 .*Connection: close.*"the body is larger than 1048576 bytes"/s);
      socket.destroy();
    }
  });

  it('takes a client that goes away for no fault of its own', async () => {
    const before = running.logged().length;
    const socket = await running.connect();
    socket.write(
      'POST /enforce/hardened HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    await sleep(50);
    socket.destroy();
    await until(() => running.logged().length > before);
    expect(running.logged().at(-1)).to.include({ message: 'refused', status: 400, error: 'the body ended too early' });
  });

  it('speaks no TLS before 1.2', async () => {
    const refusal: unknown = await running.connect({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }).catch((e) => e);
    expect((refusal as { code?: string }).code).to.match(/PROTOCOL|UNSUPPORTED|NO_CIPHERS/);
  });

  it('is healthy, and ready once it has policies', async () => {
    expect(await running.send('GET', '/healthz')).to.deep.include({ status: 200, text: '{"status":"ok"}' });
    expect(await running.send('GET', '/readyz')).to.deep.include({ status: 200 });
    const { policies } = running.holder;
    running.holder.policies = undefined;
    const { status, text } = await running.send('GET', '/readyz');
    expect({ status, body: JSON.parse(text) as unknown }).to.deep.equal({
      status: 503,
      body: statusOf(503, 'no policies yet'),
    });
    expect(await running.send('POST', '/enforce/hardened', readRecorded('create-pod'))).to.deep.include({
      status: 503,
    });
    running.holder.policies = policies;
  });

  it('answers 503 beyond what it can do at a time', async () => {
    const small = await startTestServer({ mostInFlight: 0 });
    const { status, text } = await small.send('POST', '/enforce/hardened', readRecorded('create-pod'));
    expect({ status, body: JSON.parse(text) as unknown }).to.deep.equal({
      status: 503,
      body: statusOf(503, 'too many requests at a time'),
    });
    await small.stop();
  });

  it('counts the reviews that fail, and no probes', async () => {
    const counted: number[] = [];
    const counting = await startTestServer({
      metrics: { ...noMetrics, countFailure: (status) => counted.push(status) },
    });
    counting.holder.policies = undefined;
    for (const path of ['/readyz', '/']) await counting.send('GET', path);
    expect(counted).to.deep.equal([]);
    await counting.send('POST', '/enforce/hardened', readRecorded('create-pod'));
    expect(counted).to.deep.equal([503]);
    await counting.stop();
  });

  describe('that is closing', () => {
    it('serves on for the drain time, says so, and is not ready', async () => {
      const draining = await startTestServer();
      const closed = draining.server.close(300);
      const probe = await draining.send('GET', '/readyz');
      expect({ status: probe.status, body: JSON.parse(probe.text) as unknown }).to.deep.equal({
        status: 503,
        body: statusOf(503, 'shutting down'),
      });
      for (const [method, path, body] of [
        ['POST', '/enforce/hardened', readRecorded('create-pod')],
        ['GET', '/healthz', undefined],
      ] as const) {
        const { status, headers } = await draining.send(method, path, body);
        expect({ status, connection: headers['connection'] }).to.deep.equal({ status: 200, connection: 'close' });
      }
      await closed;
      const refusal: unknown = await draining.send('GET', '/healthz').catch((error: unknown) => error);
      expect((refusal as { code?: string }).code).to.equal('ECONNREFUSED');
    });

    it('answers what is in flight, and does not wait for connections without a request', async () => {
      const closing = await startTestServer();
      const idle = await closing.connect();
      const unused = connectTcp(closing.server.port, '127.0.0.1');
      const busy = await closing.connect();
      const body = readRecorded('create-pod');
      const head = `POST /enforce/hardened HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
      busy.write(head + body.slice(0, 100));
      await sleep(100);
      const start = performance.now();
      const closed = closing.server.close(0);
      await sleep(100);
      busy.write(body.slice(100));
      const [answer] = (await once(busy, 'data')) as [Buffer];
      expect(answer.toString()).to.match(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n/s);
      await closed;
      expect(performance.now() - start).to.be.below(2000);
      for (const socket of [idle, unused, busy]) socket.destroy();
    });

    it('cuts off, after a while, whoever does not come to an end', async () => {
      const closing = await startTestServer({ limits: { milliseconds: 60_000 } });
      const stalled = await closing.connect();
      stalled.write(
        'POST /enforce/hardened HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      );
      await sleep(100);
      const start = performance.now();
      await closing.server.close(0);
      expect(performance.now() - start).to.be.within(2500, 5000);
    });
  });
});
