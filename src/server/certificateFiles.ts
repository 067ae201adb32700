import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'winston';
import { PlainError } from '../core/plainError.ts';
import { describeFileError } from '../files/fileError.ts';

export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** Certificate files that cannot be used; the message is one line. */
export class CertificateError extends PlainError {
  override name = 'CertificateError';
}

/** The kubelet swaps a mounted Secret by a link, which file events miss; so the content is looked at. */
const millisecondsBetweenLooks = 1000;

/**
 * Reads a certificate and its key and makes sure that they fit.
 *
 * @throws {CertificateError}
 */
export async function readCertificatePair(certFile: string, keyFile: string): Promise<CertificatePair> {
  const pair = await readPair(certFile, keyFile);
  requireMatch(pair, certFile, keyFile);
  return pair;
}

/**
 * Looks at the files every second and hands over each new good pair. A bad one is logged, once, and the old one stays.
 *
 * @returns what ends the looking
 */
export function watchCertificatePair(
  certFile: string,
  keyFile: string,
  first: CertificatePair,
  onChange: (pair: CertificatePair) => void,
  logger: Logger,
): () => void {
  let current = first;
  let lastProblem = '';
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      const next = await readPair(certFile, keyFile);
      if (next.cert !== current.cert || next.key !== current.key) {
        requireMatch(next, certFile, keyFile);
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

async function readPair(certFile: string, keyFile: string): Promise<CertificatePair> {
  return { cert: await readText(certFile), key: await readText(keyFile) };
}

function requireMatch({ cert, key }: CertificatePair, certFile: string, keyFile: string): void {
  try {
    createSecureContext({ cert, key });
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('key values mismatch');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`${certFile} and ${keyFile}: are no certificate and its key: ${problem}`);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CertificateError(describeFileError(file, error));
  }
}
