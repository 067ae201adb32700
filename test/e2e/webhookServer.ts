import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Overlay } from '../install/install.ts';
import { webhooksOf } from '../install/install.ts';
import { until } from '../server/client.ts';
import { end, startBound } from './boundProcess.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

/** The webhook as a process of its own, as in a pod. */
export interface WebhookServer {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  /** What it logged, line by line. */
  readonly logged: () => readonly JsonObject[];
  readonly stop: () => Promise<void>;
}

/** Longer than it waits for what is in flight. */
const millisecondsToEnd = 6000;

/** Starts `kube-harden serve` with a throwaway certificate. */
export async function startWebhookServer(parameters: readonly string[] = []): Promise<WebhookServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-harden-webhook-'));
  const caFile = join(folder, 'ca.crt');
  const all = [main, 'serve', '--host', '127.0.0.1', '--port', '0', '--drain-seconds', '0', '--ca-file', caFile];
  const child = startBound(process.execPath, [...all, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
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
    ca: await readFile(caFile, 'utf8'),
    logged,
    stop: async () => {
      await end(child, millisecondsToEnd);
      await rm(folder, { recursive: true });
    },
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
    webhooks: webhooksOf(overlay).map(
      ({ clientConfig: { service }, ...webhook }): Json => ({
        ...webhook,
        clientConfig: { url: `https://127.0.0.1:${port}${service.path}`, caBundle: encodeBundle(ca) },
      }),
    ),
  };
}

export function encodeBundle(ca: string): string {
  return Buffer.from(ca).toString('base64');
}
