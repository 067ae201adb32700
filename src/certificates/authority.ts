import type { KeyObject } from 'node:crypto';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyPair } from './issueCertificate.ts';
import { authorityCurve, makeAuthority } from './issueCertificate.ts';

/**
 * kube-harden's own CA, as all replicas share it. Of two CAs the API server trusts both before the second one signs
 * anything, and as long as anything that the first one signed may be in use.
 */
export interface Authority {
  /** Signs the replicas' certificates. */
  readonly signing: KeyPair;
  /** Will sign, once it is trusted everywhere. */
  readonly next: KeyPair | undefined;
  /** Signed before, and is trusted until it ends; its key is gone. */
  readonly retired: string | undefined;
}

/** In milliseconds. */
export interface Lifetimes {
  readonly authority: number;
  readonly certificate: number;
}

/** A year and a day: the one changes unseen, the other is never old enough to be worth stealing. */
export const defaultLifetimes: Lifetimes = { authority: 365 * 86_400_000, certificate: 86_400_000 };

/** The part of a CA's life after which the next one is made: two thirds leave months to notice that it fails. */
const partBeforeNext = 2 / 3;

/** How long the next CA is trusted before it signs, as a part of a CA's life; every API server has it long before. */
const partBeforeSigning = 1 / 30;

/** Clocks differ: a certificate that is valid from this very moment on is not valid yet elsewhere. */
const millisecondsBefore = 5 * 60 * 1000;

/** From when to when something is good that is made now. */
export function validityFrom(now: number, lifetime: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - millisecondsBefore), notAfter: new Date(now + lifetime) };
}

/**
 * The authority as it has to be now; the same object where nothing is to be done.
 *
 * @param publishedSince since when the API server trusts all of `trustedBundle(authority)`; undefined where it does not
 * @param now milliseconds since 1970, as the validity of certificates is the wall clock's
 */
export async function advanceAuthority(
  authority: Authority | undefined,
  publishedSince: number | undefined,
  now: number,
  { authority: lifetime }: Lifetimes,
): Promise<Authority> {
  const make = (): Promise<KeyPair> => makeAuthority('kube-harden CA', validityFrom(now, lifetime));
  if (authority === undefined || endOf(authority.signing.cert) <= now) {
    return { signing: authority?.next ?? (await make()), next: undefined, retired: undefined };
  }
  const { signing, next, retired } = authority;
  if (next !== undefined) {
    const isTrusted = publishedSince !== undefined && now - publishedSince >= lifetime * partBeforeSigning;
    return isTrusted ? { signing: next, next: undefined, retired: signing.cert } : authority;
  }
  if (retired !== undefined && endOf(retired) <= now) return { signing, next, retired: undefined };
  const start = new X509Certificate(signing.cert).validFromDate.getTime() + millisecondsBefore;
  // One that was made to last longer than they are to last now is old as early as they.
  const isOld = now - start > Math.min(lifetime, endOf(signing.cert) - start) * partBeforeNext;
  return isOld ? { signing, next: await make(), retired } : authority;
}

/** What the API server has to trust, in PEM. */
export function trustedBundle({ signing, next, retired }: Authority): string {
  return [signing.cert, next?.cert, retired]
    .filter((cert) => cert !== undefined)
    .map((cert) => `${cert.trimEnd()}\n`)
    .join('');
}

/** When a certificate ends, in milliseconds since 1970. */
export function endOf(cert: string): number {
  return new X509Certificate(cert).validToDate.getTime();
}

/** Keys of the Secret, of which the first two are those of `kubernetes.io/tls`. */
const secretKeys = {
  cert: 'tls.crt',
  key: 'tls.key',
  nextCert: 'next.crt',
  nextKey: 'next.key',
  retired: 'retired.crt',
};

/** A Secret's data, in base64; null takes a key out by a merge patch. */
export function writeAuthority({ signing, next, retired }: Authority): Readonly<Record<string, string | null>> {
  const encode = (text: string | undefined): string | null =>
    text === undefined ? null : Buffer.from(text).toString('base64');
  return {
    [secretKeys.cert]: encode(signing.cert),
    [secretKeys.key]: encode(signing.key),
    [secretKeys.nextCert]: encode(next?.cert),
    [secretKeys.nextKey]: encode(next?.key),
    [secretKeys.retired]: encode(retired),
  };
}

/**
 * Reads an authority from a Secret's data; undefined where there is none in it.
 *
 * @throws {Error} for what is no authority, in one line.
 */
export function readAuthority(data: Readonly<Record<string, unknown>>): Authority | undefined {
  const decode = (key: string): string | undefined => {
    const value = data[key];
    return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
  };
  const pair = (certKey: string, keyKey: string): KeyPair | undefined => {
    const [cert, key] = [decode(certKey), decode(keyKey)];
    if (cert === undefined && key === undefined) return undefined;
    if (cert === undefined || key === undefined) throw new Error(`${certKey} and ${keyKey} go together`);
    if (!readCa(cert, certKey).checkPrivateKey(readKey(key, keyKey))) {
      throw new Error(`${keyKey} is not the key of ${certKey}`);
    }
    return { cert, key };
  };
  const signing = pair(secretKeys.cert, secretKeys.key);
  if (signing === undefined) return undefined;
  const retired = decode(secretKeys.retired);
  if (retired !== undefined) readCa(retired, secretKeys.retired);
  return { signing, next: pair(secretKeys.nextCert, secretKeys.nextKey), retired };
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
