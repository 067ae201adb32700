import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { makeTraffic } from '../../src/server/traffic.ts';
import type { TestServer } from './client.ts';
import { readRecorded, startTestServer, until } from './client.ts';

// Whoever reaches the port may be anybody: what one client does, or leaves undone, must not cost the others anything.

const review = readRecorded('create-pod');

function head(length: number, path = '/enforce/hardened'): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
}

/** The body of the answer that a connection gets, which is then at its end. */
async function lastAnswer(socket: Socket): Promise<{ head: string; body: Record<string, unknown> }> {
  const [start = '', json = ''] = (await text(socket)).split('\r\n\r\n');
  return { head: start, body: JSON.parse(json) as Record<string, unknown> };
}

describe('server, among hostile clients', function () {
  this.timeout(60_000);
  let running: TestServer;
  const sockets: Socket[] = [];

  async function start(...options: Parameters<typeof startTestServer>): Promise<void> {
    running = await startTestServer(...options);
  }

  async function open(): Promise<TLSSocket> {
    const socket = await running.connect();
    sockets.push(socket);
    return socket;
  }

  async function openTcp(): Promise<Socket> {
    const socket = connectTcp(running.server.port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** What others see: an answer at once. */
  async function expectAnswer(): Promise<void> {
    const began = performance.now();
    const { status } = await running.send('POST', '/enforce/hardened', review);
    expect(status).to.equal(200);
    expect(performance.now() - began).to.be.below(1000);
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await running.stop();
  });

  it('answers others while eight bodies stop a byte before their end', async () => {
    await start();
    const size = 8 * 1024 * 1024;
    for (let count = 0; count < 8; count += 1) {
      const socket = await open();
      socket.write(head(size));
      socket.write(Buffer.alloc(size - 1, 0x20));
      await expectAnswer();
    }
    await expectAnswer();
    const padded = Buffer.from(review.padEnd(size));
    expect((await running.send('POST', '/enforce/hardened', padded)).status).to.equal(200);
  });

  it('answers others while 600 requests are half sent', async () => {
    await start();
    for (let count = 0; count < 600; count += 50) {
      const some = await Promise.all(Array.from({ length: 50 }, open));
      for (const socket of some) socket.write(`${head(9)}{`);
    }
    await sleep(200);
    await expectAnswer();
  });

  it('answers 408 to a body that does not come, in the form that the API server passes on, and hangs up', async () => {
    await start({ limits: { milliseconds: 300 } });
    const [silent, dribbling, endless] = await Promise.all([open(), open(), open()]);
    silent.write(head(9));
    dribbling.write(head(1_000_000));
    endless.write(
      'POST /enforce/hardened HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const timer = setInterval(() => {
      dribbling.write(' ');
      endless.write('1\r\n \r\n');
    }, 20);
    const answers = Promise.all([silent, dribbling, endless].map(lastAnswer));
    await until(() => [silent, dribbling, endless].every((socket) => socket.readableEnded || socket.destroyed), 3000);
    clearInterval(timer);
    for (const { head: start, body } of await answers) {
      expect(start).to.match(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(body).to.deep.equal({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'the body was not there within 0.3 seconds',
        reason: 'Timeout',
        code: 408,
      });
    }
  });

  it('waits some two seconds for a body, and five for headers', async () => {
    await start();
    const [body, headers, handshake] = await Promise.all([open(), open(), openTcp()]);
    const began = performance.now();
    body.write(`${head(9)}{`);
    headers.write('POST /enforce/hardened HTTP/1.1\r\nHost:');
    const after = (socket: Socket): Promise<number> =>
      new Promise((resolve) => {
        socket.resume();
        socket.once('close', () => resolve(performance.now() - began));
      });
    const [bodyTime, headersTime, handshakeTime] = await Promise.all([body, headers, handshake].map(after));
    expect(bodyTime).to.be.within(1900, 4000);
    expect(headersTime).to.be.within(4900, 6500);
    expect(handshakeTime).to.be.within(4900, 6500);
  });

  it('answers what is no HTTP, and headers that are too large, in the same form', async () => {
    await start();
    const [garbage, huge] = await Promise.all([open(), open()]);
    garbage.write('nonsense\r\n\r\n');
    huge.write(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    const [first, second] = await Promise.all([garbage, huge].map(lastAnswer));
    expect(first?.head).to.match(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(first?.body).to.include({ kind: 'Status', code: 400, message: 'the request is no HTTP' });
    expect(second?.head).to.match(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
    expect(second?.body).to.include({ kind: 'Status', code: 431, message: 'the headers are too large' });
  });

  for (const [name, half] of [
    ['without TLS', async () => void (await openTcp())],
    ['with half a handshake', async () => void (await openTcp()).write(Buffer.from([22, 3, 1, 2, 0, 1, 0]))],
    ['with half the headers', async () => void (await open()).write('POST /enforce/hardened HTTP/1.1\r\nHo')],
    ['with half a body', async () => void (await open()).write(`${head(9)}{`)],
  ] as const) {
    it(`answers others while there are more half-open connections than it takes: ${name}`, async () => {
      await start({ mostConnections: 60 });
      // Idle connections of an API server's, which has asked before.
      const idle = await open();
      idle.write(head(review.length) + review);
      await once(idle, 'data');
      const descriptors = readdirSync('/proc/self/fd').length;
      for (let count = 0; count < 300; count += 50) {
        await Promise.all(Array.from({ length: 50 }, half));
        await expectAnswer();
      }
      // Both ends of each are in this process; the clients' ends go as they learn of it.
      await until(() => readdirSync('/proc/self/fd').length < descriptors + 2 * 60 + 20);
      idle.write(head(review.length) + review);
      await once(idle, 'data');
    });
  }

  it('gives a new client the place of an idle one where all have been served', async () => {
    await start({ mostConnections: 20 });
    const clients: TLSSocket[] = [];
    for (let count = 0; count < 40; count += 1) {
      const socket = await open();
      socket.write(head(review.length) + review);
      await once(socket, 'data');
      clients.push(socket);
    }
    await until(() => clients.slice(0, 20).every(({ destroyed }) => destroyed));
    expect(clients.slice(20).filter(({ destroyed }) => destroyed)).to.have.length(0);
  });

  for (const [name, request, rest] of [
    ['have asked how it is', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', ''],
    ['have half a request under way after one', head(review.length) + review, `${head(9)}{`],
  ] as const) {
    it(`answers new clients while another address has all places, with a crowd of newcomers: all ${name}`, async () => {
      await start({ mostConnections: 60 });
      const other = { localAddress: '127.0.0.2' };
      for (let count = 0; count < 60; count += 1) {
        const socket = await running.connect(other);
        sockets.push(socket);
        socket.write(request);
        await once(socket, 'data');
        socket.write(rest);
      }
      const timer = setInterval(() => {
        const port = running.server.port;
        sockets.push(connectTcp({ host: '127.0.0.1', port, ...other }).on('error', () => {}));
      }, 2);
      try {
        for (let count = 0; count < 30; count += 1) {
          const socket = await open();
          await sleep(20);
          socket.write(head(review.length) + review);
          const [answer] = (await once(socket, 'data')) as [Buffer];
          expect(answer.toString()).to.match(/^HTTP\/1\.1 200 OK\r\n/);
          socket.destroy();
        }
      } finally {
        clearInterval(timer);
      }
    });
  }

  it('takes the place of an answer that nobody reads where too many are in flight', async () => {
    const traffic = makeTraffic();
    const cutOff: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      traffic.unread.add({ destroy: () => cutOff.push(count) } as unknown as ServerResponse);
    }
    await start({ mostInFlight: 3, traffic });
    await expectAnswer();
    await expectAnswer();
    expect(cutOff).to.deep.equal([0]);
    expect(traffic.unread.size).to.equal(2);
  });

  it('logs lines of a bounded length, whatever is sent', async () => {
    await start();
    const long = 'ü'.repeat(300_000);
    const parsed = JSON.parse(review) as { request: Record<string, unknown> };
    const send = (request: Record<string, unknown>): Promise<unknown> =>
      running.send(
        'POST',
        '/enforce/hardened',
        JSON.stringify({ ...parsed, request: { ...parsed.request, ...request } }),
      );
    await send({ uid: 'u'.repeat(7_000_000) });
    await send({ namespace: long, name: long, operation: long });
    await send({ kind: { kind: long }, resource: { group: long, version: long, resource: long } });
    await running.send('POST', `/enforce/${'p'.repeat(10_000)}`, review);
    const lines = running.logged().slice(-4);
    for (const line of lines) expect(JSON.stringify(line).length).to.be.below(10_000);
    expect(lines[0]).to.include({ message: 'refused', error: 'request.uid has more than 256 characters' });
    expect(lines[1]).to.include({ namespace: `${'ü'.repeat(255)}…`, name: `${'ü'.repeat(255)}…` });
    expect(lines[3]?.['error']).to.equal(`no policy is called "${'p'.repeat(99)}…": there are hardened, minimal`);
  });
});
