import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'winston';
import type { KeyPair } from '../certificates/issueCertificate.ts';
import { PlainError } from '../core/plainError.ts';
import { describeFileError } from '../files/fileError.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the CA that signed the certificate, where somebody has to be told to trust it. */
  readonly caFile?: string;
}

/** What is in the files. */
export interface Certificate extends KeyPair {
  readonly ca?: string;
}

/** Certificate files that cannot be used; the message is one line. */
export class CertificateError extends PlainError {
  override name = 'CertificateError';
}

/** The kubelet swaps a mounted Secret by a link, which file events miss; so the content is looked at. */
const millisecondsBetweenLooks = 1000;

/**
 * Reads a certificate, its key and its CA, and makes sure that they can be used.
 *
 * @throws {CertificateError}
 */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const certificate = await readFiles(files);
  requireUsable(certificate, files);
  return certificate;
}

/**
 * Looks at the files every second and hands over what is new and good. What is bad is logged, once, and the old one stays.
 *
 * @returns what ends the looking
 */
export function watchCertificate(
  files: CertificateFiles,
  first: Certificate,
  onChange: (certificate: Certificate) => void,
  logger: Logger,
): () => void {
  let current = first;
  let lastProblem = '';
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      const next = await readFiles(files);
      if (next.cert !== current.cert || next.key !== current.key || next.ca !== current.ca) {
        requireUsable(next, files);
        onChange(next);
        current = next;
        logger.info('certificate reloaded', { validTo: new X509Certificate(next.cert).validTo });
      }
      lastProblem = '';
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== lastProblem) logger.error('certificate not reloaded, the old one stays', { error: problem });
      lastProblem = problem;
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), millisecondsBetweenLooks);
  timer.unref();
  return () => clearInterval(timer);
}

async function readFiles({ certFile, keyFile, caFile }: CertificateFiles): Promise<Certificate> {
  const pair = { cert: await readText(certFile), key: await readText(keyFile) };
  return caFile === undefined ? pair : { ...pair, ca: await readText(caFile) };
}

function requireUsable({ cert, key, ca }: Certificate, { certFile, keyFile, caFile }: CertificateFiles): void {
  try {
    createSecureContext({ cert, key });
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('key values mismatch');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`${certFile} and ${keyFile}: are no certificate and its key: ${problem}`);
  }
  try {
    if (ca !== undefined) new X509Certificate(ca);
  } catch {
    // The API server would refuse it as caBundle, and nothing else of the webhook configuration could be written.
    throw new CertificateError(`${caFile}: is no certificate`);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CertificateError(describeFileError(file, error));
  }
}
