import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Logger } from 'winston';
import { endOf } from '../certificates/authority.ts';
import { makeThrowawayCertificate } from '../certificates/throwawayCertificate.ts';
import { describeFileError } from '../files/fileError.ts';
import { builtInPolicies, loadPolicies } from '../files/policies.ts';
import type { Certificate } from '../server/certificateFiles.ts';
import { readCertificate, watchCertificate } from '../server/certificateFiles.ts';
import { deriveClaimsKey } from '../server/claimsKey.ts';
import type { LogLevel } from '../server/logger.ts';
import { makeLogger } from '../server/logger.ts';
import type { PolicyHolder } from '../server/policyHolder.ts';
import type { RunningServer } from '../server/startServer.ts';
import { endWithSignals } from './lifeCycle.ts';
import type { Address } from './listen.ts';
import { listen } from './listen.ts';
import { StartError } from './startError.ts';

export interface StandaloneOptions extends Address {
  readonly policies?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly caFile: string;
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

const sample = join(import.meta.dirname, '../../samples/review-nginx.json');

/**
 * Runs the webhook until a signal ends it.
 *
 * @throws {StartError} {CertificateError} {PolicyFileError} where it cannot start.
 */
export async function serveStandalone(options: StandaloneOptions): Promise<void> {
  const logger = makeLogger(process.stdout, options.logLevel);
  const policies = await loadPolicies(options.policies ?? builtInPolicies);
  const certificate = await chooseCertificate(options);
  const holder: PolicyHolder = { policies, hasCertificate: true, claimsKey: deriveClaimsKey(certificate.key) };
  const { server, metrics } = await listen(options, certificate, holder, logger);
  metrics.setCertificateEnd(endOf(certificate.cert));
  const setCertificate = (next: Certificate): void => {
    server.setCertificate(next);
    holder.claimsKey = deriveClaimsKey(next.key);
  };
  const stopWatching = watch(options, certificate, setCertificate, logger);
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
async function chooseCertificate({ tlsCert, tlsKey, host }: StandaloneOptions): Promise<Certificate> {
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

function watch(
  { tlsCert, tlsKey }: StandaloneOptions,
  certificate: Certificate,
  onChange: (certificate: Certificate) => void,
  logger: Logger,
): () => void {
  if (tlsCert === undefined || tlsKey === undefined) return () => {};
  return watchCertificate({ certFile: tlsCert, keyFile: tlsKey }, certificate, onChange, logger);
}

/** One line to paste, which hardens a sample pod. */
function describeTrial({ host, caFile }: StandaloneOptions, port: number, { policies }: PolicyHolder): string {
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
