import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json/json.ts';
import type { Overlay } from '../install/install.ts';
import { webhooksOf } from '../install/install.ts';
import { until } from '../server/client.ts';
import { end, startBound } from './boundProcess.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const shiftedClock = join(import.meta.dirname, 'shiftedClock.ts');

/** The webhook as a process of its own, as in a pod. */
export interface Serving {
  readonly port: number;
  readonly pid: number;
  /** What it logged, line by line. */
  readonly logged: () => readonly JsonObject[];
  /** Null while it runs. */
  readonly exitCode: () => number | null;
  /** As Kubernetes does: SIGTERM, and some time. */
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly send: (signal: NodeJS.Signals) => void;
}

export interface WebhookServer extends Serving {
  /** PEM. */
  readonly ca: string;
}

/** Longer than it waits for what is in flight. */
const millisecondsToEnd = 6000;

/** Starts `kube-harden serve` with a throwaway certificate. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-harden-webhook-'));
  const caFile = join(folder, 'ca.crt');
  const { stop, ...serving } = await startServe(['--port', '0', '--drain-seconds', '0', '--ca-file', caFile]);
  return {
    ...serving,
    ca: await readFile(caFile, 'utf8'),
    stop: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** A clock that is wrong, and that SIGUSR2 sets right, or the other way round. */
export interface WrongClock {
  /** How far it is ahead, in milliseconds. */
  readonly shift: number;
  readonly isWrongAtFirst: boolean;
}

/** Starts `kube-harden serve` on loopback. */
export async function startServe(parameters: readonly string[], clock?: WrongClock): Promise<Serving> {
  const preload = clock === undefined ? [] : ['--import', shiftedClock];
  const all = [...preload, main, 'serve', '--host', '127.0.0.1', ...parameters];
  const env = {
    ...process.env,
    ...(clock && { SHIFTED_CLOCK: String(clock.shift), SHIFTED_CLOCK_FROM: clock.isWrongAtFirst ? 'start' : 'signal' }),
  };
  const child = startBound(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [log, errors] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const logged = (): readonly JsonObject[] =>
    log
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as JsonObject);
  await until(() => {
    if (child.exitCode !== null) throw new Error(`kube-harden did not start: ${errors}`);
    return logged().some(({ message }) => message === 'listening');
  });
  return {
    port: Number(logged().find(({ message }) => message === 'listening')?.['port']),
    pid: child.pid ?? 0,
    logged,
    exitCode: () => child.exitCode,
    stop: () => end(child, millisecondsToEnd),
    kill: () => end(child, 0),
    send: (signal) => child.kill(signal),
  };
}

export const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/**
 * The webhook configuration of an overlay, with the server's address in place of the Service that only a cluster with
 * nodes has. Everything else is as it is installed.
 */
export function configurationOf(overlay: Overlay, { port, ca }: { port: number; ca: string }): JsonObject {
  return {
    metadata: { name: 'kube-harden' },
    webhooks: webhooksOf(overlay).map(({ clientConfig: { service }, ...webhook }) => ({
      ...webhook,
      clientConfig: { url: `https://127.0.0.1:${port}${service.path}`, caBundle: encodeBundle(ca) },
    })),
  };
}

export function encodeBundle(ca: string): string {
  return Buffer.from(ca).toString('base64');
}
