import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { makeByteBudget } from '../../src/server/byteBudget.ts';
import type { BodyBudgets, BodyLimits } from '../../src/server/receiveBody.ts';
import { bodyLimits, mostSmallBytes, receiveBody } from '../../src/server/receiveBody.ts';

/** As much of a request as reading its body needs. */
class Request extends PassThrough {
  readonly headers: Readonly<Record<string, string>>;
  readonly socket: { readonly remoteAddress: string };
  complete = true;

  constructor(address = '192.0.2.1', headers: Readonly<Record<string, string>> = {}) {
    super({ highWaterMark: 1 << 30 });
    this.socket = { remoteAddress: address };
    this.headers = headers;
  }

  asIncoming(): IncomingMessage {
    return this as unknown as IncomingMessage;
  }
}

interface Receiving {
  readonly request: Request;
  readonly outcome: Promise<string>;
}

/** What became of a body, as text. */
function receive(request: Request, budgets: BodyBudgets, limits: Partial<BodyLimits> = {}): Receiving {
  const outcome = receiveBody(request.asIncoming(), budgets, { ...bodyLimits, ...limits }).then(
    ({ bytes, holding }) => {
      if (holding !== undefined) budgets.large.release(holding);
      return Buffer.from(bytes).toString();
    },
    (error: { status: number; message: string }) => `${error.status} ${error.message}`,
  );
  return { request, outcome };
}

function makeBudgets(small = bodyLimits.small, large = bodyLimits.large): BodyBudgets {
  return { small: makeByteBudget(small), large: makeByteBudget(large) };
}

describe('receiveBody', () => {
  it('puts the pieces together, wherever a character is cut', async () => {
    const bytes = Buffer.from('{"name":"Bär 🐻"}');
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const { request, outcome } = receive(new Request(), makeBudgets());
      request.write(bytes.subarray(0, cut));
      request.end(bytes.subarray(cut));
      expect(await outcome).to.equal('{"name":"Bär 🐻"}');
    }
  });

  it('puts as many pieces together as come, whatever length was declared', async () => {
    const text = Array.from({ length: 100_000 }, (_, index) => String(index)).join(' ');
    const lengths = [undefined, '10', String(text.length)];
    for (const length of lengths) {
      const budgets = makeBudgets();
      const headers = length === undefined ? {} : { 'content-length': length };
      const { request, outcome } = receive(new Request('192.0.2.1', headers), budgets);
      for (let at = 0; at < text.length; at += 7001) request.write(text.slice(at, at + 7001));
      request.end();
      expect((await outcome) === text).to.equal(true);
      expect([budgets.small.held(), budgets.large.held()]).to.deep.equal([0, 0]);
    }
  });

  it('takes what an API server can send of an object of 3 MiB, and no more', async () => {
    expect(bodyLimits.bytes).to.be.above(2 * 6 * 3 * 1024 * 1024);
    const declared = new Request('192.0.2.1', { 'content-length': String(bodyLimits.bytes + 1) });
    expect(await receive(declared, makeBudgets()).outcome).to.equal('413 the body is larger than 44040192 bytes');
    const budgets = makeBudgets();
    const { request, outcome } = receive(new Request(), budgets, { bytes: 9 });
    request.write('12345');
    request.write('67890');
    expect(await outcome).to.equal('413 the body is larger than 9 bytes');
    expect(budgets.small.held()).to.equal(0);
  });

  it('gives up what does not come in time, and its bytes with it', async () => {
    const budgets = makeBudgets();
    const { request, outcome } = receive(new Request(), budgets, { milliseconds: 50 });
    request.write('{');
    await sleep(10);
    expect(budgets.small.held()).to.equal(1);
    expect(await outcome).to.equal('408 the body was not there within 0.05 seconds');
    expect(budgets.small.held()).to.equal(0);
    request.write('}');
    await sleep(10);
    expect(budgets.small.held()).to.equal(0);
  });

  it('drops the one that has been on its way for longest where there is too little room, not the newcomer', async () => {
    const budgets = makeBudgets(100);
    const first = receive(new Request(), budgets);
    first.request.write('a'.repeat(60));
    await sleep(1);
    const second = receive(new Request(), budgets);
    second.request.write('b'.repeat(30));
    await sleep(1);
    const third = receive(new Request(), budgets);
    third.request.end('c'.repeat(60));
    expect(await third.outcome).to.equal('c'.repeat(60));
    expect(await first.outcome).to.equal('503 too many bytes at a time');
    second.request.end();
    expect(await second.outcome).to.equal('b'.repeat(30));
  });

  it('drops a body of whoever holds most', async () => {
    const budgets = makeBudgets(100);
    const other = receive(new Request('192.0.2.2'), budgets);
    other.request.write('o'.repeat(30));
    await sleep(1);
    const greedy = [0, 1, 2].map(() => receive(new Request('192.0.2.1'), budgets));
    for (const { request } of greedy) {
      request.write('g'.repeat(30));
      await sleep(1);
    }
    expect(await greedy[0]?.outcome).to.equal('503 too many bytes at a time');
    for (const { request } of greedy.slice(1)) request.end();
    other.request.end();
    expect(await other.outcome).to.equal('o'.repeat(30));
    expect(await greedy[2]?.outcome).to.equal('g'.repeat(30));
  });

  it('counts large bodies apart from small ones, until they are released', async () => {
    const budgets = makeBudgets(mostSmallBytes, 3 * mostSmallBytes);
    const large = new Request();
    const receiving = receiveBody(large.asIncoming(), budgets, bodyLimits);
    large.write(Buffer.alloc(mostSmallBytes));
    await sleep(1);
    expect([budgets.small.held(), budgets.large.held()]).to.deep.equal([mostSmallBytes, 0]);
    large.end(Buffer.alloc(1));
    const { bytes, holding } = await receiving;
    expect(bytes.length).to.equal(mostSmallBytes + 1);
    expect(budgets.small.held()).to.equal(0);
    expect(budgets.large.held()).to.be.above(mostSmallBytes);
    if (holding !== undefined) budgets.large.release(holding);
    expect(budgets.large.held()).to.equal(0);
  });

  it('counts memory, not bytes: a byte a piece is no way to hold more of it', async () => {
    const budgets = makeBudgets();
    const { request, outcome } = receive(new Request(), budgets);
    for (let count = 0; count < 10_000; count += 1) request.write('x');
    await sleep(1);
    expect(budgets.small.held()).to.be.within(10_000, 20_000);
    request.end();
    expect(await outcome).to.equal('x'.repeat(10_000));
  });
});
