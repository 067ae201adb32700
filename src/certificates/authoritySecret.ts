import type { KeyObject } from 'node:crypto';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Authority, Publication, Signer } from './authority.ts';
import { readSigner } from './authority.ts';
import { authorityCurve } from './issueCertificate.ts';
import { validityOf } from './moment.ts';
import { describeServingFault } from './servingFault.ts';

/** Keys of the Secret, of which the first two are those of `kubernetes.io/tls`. */
const secretKeys = {
  cert: 'tls.crt',
  key: 'tls.key',
  nextCert: 'next.crt',
  nextKey: 'next.key',
  retired: 'retired.crt',
  published: 'published',
};

/** A Secret's data, in base64; null takes a key out by a merge patch. */
export function writeAuthority({
  signing,
  next,
  retired,
  published,
}: Authority): Readonly<Record<string, string | null>> {
  const encode = (text: string | undefined): string | null =>
    text === undefined ? null : Buffer.from(text).toString('base64');
  return {
    [secretKeys.cert]: encode(signing.cert),
    [secretKeys.key]: encode(signing.key),
    [secretKeys.nextCert]: encode(next?.cert),
    [secretKeys.nextKey]: encode(next?.key),
    [secretKeys.retired]: encode(retired?.cert),
    [secretKeys.published]: encode(published && `${new Date(published.since).toISOString()} ${published.bundle}`),
  };
}

/**
 * Reads an authority from a Secret's data; undefined where there is none in it.
 *
 * @param names host names and addresses that its certificates are for
 * @throws {Error} for what is no authority, or one by which the API server would never believe a server of these names,
 *   in one line.
 */
export function readAuthority(
  data: Readonly<Record<string, unknown>>,
  names: readonly string[] = [],
): Authority | undefined {
  const decode = (key: string): string | undefined => {
    const value = data[key];
    return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
  };
  const pair = (certKey: string, keyKey: string): Signer | undefined => {
    const [cert, key] = [decode(certKey), decode(keyKey)];
    if (cert === undefined && key === undefined) return undefined;
    if (cert === undefined || key === undefined) throw new Error(`${certKey} and ${keyKey} go together`);
    const certificate = readCa(cert, certKey);
    if (!certificate.checkPrivateKey(readKey(key, keyKey))) throw new Error(`${keyKey} is not the key of ${certKey}`);
    const fault = describeServingFault(certificate, names);
    if (fault !== undefined) throw new Error(`${certKey} is no CA that the API server believes: ${fault}`);
    return readSigner({ cert, key });
  };
  const signing = pair(secretKeys.cert, secretKeys.key);
  if (signing === undefined) return undefined;
  const retired = decode(secretKeys.retired);
  if (retired !== undefined) readCa(retired, secretKeys.retired);
  return {
    signing,
    next: pair(secretKeys.nextCert, secretKeys.nextKey),
    retired: retired === undefined ? undefined : { cert: retired, validity: validityOf(retired) },
    published: readPublication(decode(secretKeys.published)),
  };
}

/** What is garbled was never noted: it is only waited for again. */
function readPublication(text = ''): Publication | undefined {
  const [time = '', bundle = ''] = text.split(' ');
  const since = Date.parse(time);
  return Number.isNaN(since) ? undefined : { bundle, since };
}

function readCa(cert: string, name: string): X509Certificate {
  try {
    const certificate = new X509Certificate(cert);
    if (certificate.ca) return certificate;
  } catch {
    throw new Error(`${name} is no certificate`);
  }
  throw new Error(`${name} is no CA's certificate`);
}

function readKey(key: string, name: string): KeyObject {
  const privateKey = parseKey(key, name);
  if (privateKey.asymmetricKeyDetails?.namedCurve === authorityCurve) return privateKey;
  throw new Error(`${name} is no key of the curve P-256`);
}

function parseKey(key: string, name: string): KeyObject {
  try {
    return createPrivateKey(key);
  } catch {
    throw new Error(`${name} is no key`);
  }
}
