import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Logger } from 'winston';
import { endOf } from '../certificates/authority.ts';
import type { KeyPair } from '../certificates/issueCertificate.ts';
import { PlainError } from '../core/plainError.ts';
import { describeFileError } from '../files/fileError.ts';
import { builtInPolicies, loadPolicies } from '../files/policies.ts';
import type { Certificate } from './certificateFiles.ts';
import { readCertificate, watchCertificate } from './certificateFiles.ts';
import { endWithSignals } from './lifeCycle.ts';
import type { LogLevel } from './logger.ts';
import { makeLogger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { noMetrics } from './metrics.ts';
import type { PolicyHolder } from './policyHolder.ts';
import { serveMetrics } from './serveMetrics.ts';
import type { RunningServer } from './startServer.ts';
import { startServer } from './startServer.ts';
import { makeThrowawayCertificate } from './throwawayCertificate.ts';
import { makeTraffic } from './traffic.ts';

export interface ServeOptions {
  readonly policies?: string;
  readonly port: number;
  readonly host?: string;
  readonly metricsPort?: number;
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
  const policies = await loadPolicies(options.policies ?? builtInPolicies);
  const holder: PolicyHolder = { policies, hasCertificate: true };
  const certificate = await chooseCertificate(options);
  const { server, metrics } = await listenOrExplain(options, certificate, holder, logger);
  metrics.setCertificateEnd(endOf(certificate.cert));
  const stopWatching = watch(options, certificate, server.setCertificate, logger);
  const stop = (): void => {
    stopWatching();
    metrics.close();
  };
  endWithSignals(server, stop, options.drainSeconds, logger);
  // Only now, since another server may be on this port and its users may hold on to its CA.
  if (certificate.ca !== undefined) await writeCa(options.caFile, certificate.ca, server);
  logger.info('listening', { port: server.port, policies: [...(holder.policies?.keys() ?? [])] });
  // An image has no samples, and nobody to paste a line there.
  if (certificate.ca !== undefined && existsSync(sample)) {
    process.stderr.write(describeTrial(options, server.port, holder));
  }
}

/** With a CA where it is a throwaway one. */
async function chooseCertificate({ tlsCert, tlsKey, host }: ServeOptions): Promise<Certificate> {
  if (tlsCert !== undefined && tlsKey !== undefined) return readCertificate({ certFile: tlsCert, keyFile: tlsKey });
  if (tlsCert !== undefined || tlsKey !== undefined) throw new StartError('--tls-cert and --tls-key go together');
  return makeThrowawayCertificate(isWildcard(host) ? undefined : host);
}

async function writeCa(file: string, ca: string, server: RunningServer): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, ca);
  } catch (error) {
    await server.close(0);
    throw new StartError(`${describeFileError(file, error)} (the CA goes there; --ca-file names another place)`);
  }
}

/** A server, and its metrics if anybody wants them. */
export interface Listening {
  readonly server: RunningServer;
  readonly metrics: Metrics & { readonly close: () => void };
}

/**
 * Starts the server, and that of its metrics.
 *
 * @throws {StartError} where the port or the address is not to be had.
 */
export async function listenOrExplain(
  { port, host, metricsPort }: Pick<ServeOptions, 'port' | 'host' | 'metricsPort'>,
  { cert, key }: KeyPair,
  holder: PolicyHolder,
  logger: Logger,
): Promise<Listening> {
  const traffic = makeTraffic();
  const at = async <Server>(wanted: number, listening: Promise<Server>): Promise<Server> => {
    try {
      return await listening;
    } catch (error) {
      throw explainListening(error, wanted, host);
    }
  };
  const metrics =
    metricsPort === undefined
      ? { ...noMetrics, close: () => {} }
      : await at(metricsPort, serveMetrics({ port: metricsPort, host }, traffic, logger));
  const options = { port, host, certificate: { cert, key }, holder, logger, traffic, metrics };
  return { server: await at(port, startServer(options)), metrics };
}

function explainListening(error: unknown, port: number, host: string | undefined): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return new StartError(`port ${port} is in use: choose another one with --port`);
  if (code === 'EACCES')
    return new StartError(`port ${port} needs rights that this user has not: choose one from 1024`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return new StartError(`${host}: is no address of this machine`);
  return error;
}

function watch(
  { tlsCert, tlsKey }: ServeOptions,
  certificate: Certificate,
  onChange: (certificate: Certificate) => void,
  logger: Logger,
): () => void {
  if (tlsCert === undefined || tlsKey === undefined) return () => {};
  return watchCertificate({ certFile: tlsCert, keyFile: tlsKey }, certificate, onChange, logger);
}

/** One line to paste, which hardens a sample pod. */
function describeTrial({ host, caFile }: ServeOptions, port: number, { policies }: PolicyHolder): string {
  const policy = policies?.has('hardened') === true ? 'hardened' : [...(policies?.keys() ?? [])][0];
  const name = host === undefined || isWildcard(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const body = quote(`@${relative(process.cwd(), sample)}`);
  const curl = `curl --silent --cacert ${quote(caFile)} --header 'Content-Type: application/json' --data ${body} https://${name}:${port}/enforce/${policy}`;
  return `\nTry it, from another terminal in this directory; the patch is in base64:\n\n${curl}\n\n`;
}

/** Whether it stands for every address of the machine. */
function isWildcard(host: string | undefined): boolean {
  return host === undefined || host === '0.0.0.0' || host === '::';
}

/** A word as a shell takes it, whatever is in it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
