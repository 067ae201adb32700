import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import type { Logger } from 'winston';
import type { ThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import { deriveClaimsKey } from '../../src/server/claimsKey.ts';
import { makeLogger } from '../../src/server/logger.ts';
import { noMetrics } from '../../src/server/metrics.ts';
import type { PolicyHolder } from '../../src/server/policyHolder.ts';
import type { RunningServer, ServerOptions } from '../../src/server/startServer.ts';
import { startServer } from '../../src/server/startServer.ts';
import { makeTraffic } from '../../src/server/traffic.ts';
import { builtInPolicy } from '../core/policies.ts';

export function readRecorded(name: string): string {
  return readFileSync(join(import.meta.dirname, '../admission/recorded', `${name}.json`), 'utf8');
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface TestServer {
  readonly server: RunningServer;
  readonly holder: PolicyHolder;
  readonly certificate: ThrowawayCertificate;
  readonly logged: () => readonly Record<string, unknown>[];
  readonly send: (
    method: string,
    path: string,
    body?: string | Buffer,
    headers?: Record<string, string>,
  ) => Promise<Reply>;
  /** A connection of its own, for what no HTTP client does. */
  readonly connect: (options?: ConnectionOptions & { localAddress?: string }) => Promise<TLSSocket>;
  readonly stop: () => Promise<void>;
}

/** A stream for a logger, and what it has written. */
export function collectLines(): { readonly lines: readonly string[]; readonly sink: Writable } {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { lines, sink };
}

/** A real HTTPS server on a free port, and a client that believes its CA alone. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const certificate = await makeThrowawayCertificate();
  const { lines, sink } = collectLines();
  const logger: Logger = makeLogger(sink, 'info');
  const policies = [builtInPolicy('hardened'), builtInPolicy('minimal')];
  const holder: PolicyHolder = {
    policies: new Map(policies.map((policy) => [policy.name, policy])),
    hasCertificate: true,
    claimsKey: deriveClaimsKey(certificate.key),
  };
  const server = await startServer({
    traffic: makeTraffic(),
    metrics: noMetrics,
    port: 0,
    host: '127.0.0.1',
    certificate,
    holder,
    logger,
    ...options,
  });
  const agent = new Agent({ keepAlive: true, ca: certificate.ca });
  const send: TestServer['send'] = (method, path, body, headers = { 'content-type': 'application/json' }) =>
    new Promise((resolve, reject) => {
      const sent = request(
        { method, path, host: '127.0.0.1', port: server.port, agent, headers, servername: 'localhost' },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  return {
    server,
    holder,
    certificate,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    send,
    connect: async (options = {}) => {
      const socket = connect({
        host: '127.0.0.1',
        port: server.port,
        servername: 'localhost',
        ca: certificate.ca,
        ...options,
      });
      await once(socket, 'secureConnect');
      // A server may hang up on whoever behaves badly.
      return socket.on('error', () => {});
    },
    stop: async () => {
      agent.destroy();
      await server.close(0);
    },
  };
}

/** Waits until something has happened, for a while. */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it did not happen within ${milliseconds / 1000} seconds`);
    await sleep(20);
  }
}
