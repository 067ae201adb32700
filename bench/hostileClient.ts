/**
 * Sends hostile reviews, in a process of its own: what it takes to encrypt them must not look like the server's time.
 * Told of a review by its parent, it sends it some times and tells how that went.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { hostileReviews } from './hostileReviews.ts';

/** What the parent says. */
export interface Order {
  readonly port: number;
  readonly ca: string;
  readonly index: number;
  readonly bytes: number;
  readonly times: number;
}

/** What it hears. */
export interface Report {
  readonly bytes: number;
  readonly status: number;
  readonly answerBytes: number;
  /** For each time, from the first byte sent to the last one received. */
  readonly milliseconds: readonly number[];
}

async function send(agent: Agent, port: number, body: Buffer): Promise<{ status: number; answerBytes: number }> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
  const to = {
    method: 'POST',
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    path: '/enforce/hardened',
    agent,
    headers,
  };
  const sent = request(to);
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let answerBytes = 0;
  response.on('data', (chunk: Buffer) => {
    answerBytes += chunk.length;
  });
  await once(response, 'end');
  return { status: response.statusCode ?? 0, answerBytes };
}

process.on('message', async ({ port, ca, index, bytes, times }: Order) => {
  const body = hostileReviews[index]?.make(bytes) ?? Buffer.alloc(0);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  const milliseconds: number[] = [];
  let last = { status: 0, answerBytes: 0 };
  for (let count = 0; count < times; count += 1) {
    const start = performance.now();
    last = await send(agent, port, body);
    milliseconds.push(performance.now() - start);
  }
  agent.destroy();
  process.send?.({ bytes: body.length, ...last, milliseconds } satisfies Report);
});
