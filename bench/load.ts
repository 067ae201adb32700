import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Load {
  readonly port: number;
  readonly ca: string;
  readonly path: string;
  readonly body: Buffer;
  readonly connections: number;
  readonly milliseconds: number;
  /** Between two requests of a connection, in milliseconds. */
  readonly pause?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

export interface Measured {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** Sends one request after the other on each of some kept-alive connections of this machine, for a while. */
export async function sendLoad(load: Load): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections, ca: load.ca });
  const times: number[] = [];
  const start = performance.now();
  const end = start + load.milliseconds;
  const sendInTurn = async (): Promise<void> => {
    while (performance.now() < end && load.signal?.aborted !== true) {
      const sent = performance.now();
      await sendOne(load, agent);
      times.push(performance.now() - sent);
      if (load.pause !== undefined) await sleep(load.pause);
    }
  };
  await Promise.all(Array.from({ length: load.connections }, sendInTurn));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  times.sort((left, right) => left - right);
  const quantile = (part: number): number => times[Math.floor(times.length * part)] ?? Number.NaN;
  return {
    perSecond: times.length / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
    most: times.at(-1) ?? Number.NaN,
  };
}

async function sendOne({ port, path, body }: Load, agent: Agent): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
  const sent = request({ method: 'POST', host: '127.0.0.1', servername: 'localhost', port, path, agent, headers });
  sent.on('socket', (socket: Socket) => socket.setNoDelay(true));
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`the server answered ${response.statusCode}`);
  response.resume();
  await once(response, 'end');
}
