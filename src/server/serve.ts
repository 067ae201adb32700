import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Logger } from 'winston';
import { PlainError } from '../core/plainError.ts';
import { builtInPolicies, loadPolicies } from '../files/policies.ts';
import type { CertificatePair } from './certificateFiles.ts';
import { readCertificatePair, watchCertificatePair } from './certificateFiles.ts';
import type { LogLevel } from './logger.ts';
import { makeLogger } from './logger.ts';
import type { PolicyHolder } from './policyHolder.ts';
import type { RunningServer } from './startServer.ts';
import { startServer } from './startServer.ts';
import { makeThrowawayCertificate } from './throwawayCertificate.ts';

export interface ServeOptions {
  readonly policies?: string;
  readonly port: number;
  readonly host?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly caFile: string;
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

/** Something that keeps the server from starting; the message is one line. */
export class StartError extends PlainError {
  override name = 'StartError';
}

const sample = join(import.meta.dirname, '../../samples/review-nginx.json');

/**
 * Runs the webhook until a signal ends it.
 *
 * @throws {StartError} {CertificateError} {PolicyFileError} where it cannot start.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const logger = makeLogger(process.stdout, options.logLevel);
  const { certificate, isThrowaway } = await chooseCertificate(options);
  const holder: PolicyHolder = { policies: await loadPolicies(options.policies ?? builtInPolicies) };
  const server = await start(options, certificate, holder, logger);
  const stopWatching = watch(options, certificate, server, logger);
  logger.info('listening', { port: server.port, policies: [...(holder.policies?.keys() ?? [])] });
  // An image has no samples, and nobody to paste a line there.
  if (isThrowaway && existsSync(sample)) process.stderr.write(describeTrial(options.caFile, server.port, holder));
  endBySignal(server, stopWatching, options.drainSeconds, logger);
}

async function chooseCertificate({ tlsCert, tlsKey, caFile }: ServeOptions) {
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return { certificate: await readCertificatePair(tlsCert, tlsKey), isThrowaway: false };
  }
  if (tlsCert !== undefined || tlsKey !== undefined) throw new StartError('--tls-cert and --tls-key go together');
  const { ca, ...certificate } = await makeThrowawayCertificate();
  try {
    await mkdir(dirname(caFile), { recursive: true });
    await writeFile(caFile, ca);
  } catch (error) {
    throw new StartError(`${caFile}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { certificate, isThrowaway: true };
}

async function start(
  { port, host }: ServeOptions,
  certificate: CertificatePair,
  holder: PolicyHolder,
  logger: Logger,
): Promise<RunningServer> {
  try {
    return await startServer({ port, host, certificate, holder, logger });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') throw new StartError(`port ${port} is in use: choose another one with --port`);
    if (code === 'EACCES')
      throw new StartError(`port ${port} needs rights that this user has not: choose one from 1024`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new StartError(`${host}: is no address of this machine`);
    throw error;
  }
}

function watch(
  { tlsCert, tlsKey }: ServeOptions,
  certificate: CertificatePair,
  server: RunningServer,
  logger: Logger,
): () => void {
  if (tlsCert === undefined || tlsKey === undefined) return () => {};
  return watchCertificatePair(tlsCert, tlsKey, certificate, server.setCertificate, logger);
}

/** One line to paste, which hardens a sample pod. */
function describeTrial(caFile: string, port: number, { policies }: PolicyHolder): string {
  const policy = policies?.has('hardened') === true ? 'hardened' : [...(policies?.keys() ?? [])][0];
  const body = relative(process.cwd(), sample);
  const curl = `curl --silent --cacert ${caFile} --header 'Content-Type: application/json' --data @${body} https://localhost:${port}/enforce/${policy}`;
  return `\nTry it, from another terminal in this directory; the patch is in base64:\n\n${curl}\n\n`;
}

function endBySignal(server: RunningServer, stopWatching: () => void, drainSeconds: number, logger: Logger): void {
  let isEnding = false;
  const end = (signal: string): void => {
    if (isEnding) return;
    isEnding = true;
    logger.info('draining', { signal, drainSeconds });
    stopWatching();
    void server.close(drainSeconds * 1000).then(() => {
      logger.info('closed');
      process.exitCode = 0;
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => end(signal));
  // A process in a state that nobody foresaw must not go on admitting pods.
  process.on('uncaughtException', (error) => {
    logger.error('uncaught exception', { error: error.stack });
    process.exitCode = 1;
    void server.close(0).then(() => process.exit(1));
  });
}
