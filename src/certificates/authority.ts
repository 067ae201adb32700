import { createHash } from 'node:crypto';
import type { KeyPair } from './issueCertificate.ts';
import { makeAuthority } from './issueCertificate.ts';
import type { Moment, Validity } from './moment.ts';
import { hasEnded, isUseless, validityOf } from './moment.ts';

/**
 * kube-harden's own CA, as all replicas share it. Of two CAs the API server trusts both before the second one signs
 * anything, and as long as anything that the first one signed may be in use.
 */
export interface Authority {
  /** Signs the replicas' certificates. */
  readonly signing: Signer;
  /** Will sign, once it is trusted everywhere. */
  readonly next: Signer | undefined;
  /** Signed before, and is trusted until it ends; its key is gone. */
  readonly retired: TrustedCertificate | undefined;
  /** What the API server was seen to trust while the next CA waits: stored, since no process need live as long. */
  readonly published: Publication | undefined;
}

/** A CA's certificate, in PEM. */
export interface TrustedCertificate {
  readonly cert: string;
  readonly validity: Validity;
}

export interface Signer extends TrustedCertificate, KeyPair {}

export interface Publication {
  /** Of which `trustedBundle` it is: its SHA-256, in hexadecimal. */
  readonly bundle: string;
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
}

/** In milliseconds. */
export interface Lifetimes {
  readonly authority: number;
  readonly certificate: number;
}

const day = 86_400_000;

/** A year and a day: the one changes unseen, the other is never old enough to be worth stealing. */
export const defaultLifetimes: Lifetimes = { authority: 365 * day, certificate: day };

/** How much of a CA's life is left when the next one is made: a third is months to notice that it fails. */
const partForNext = 1 / 3;

/** How long the next CA is trusted before it signs, as a part of a CA's life; every API server has it long before. */
const partBeforeSigning = 1 / 30;

/**
 * How far back the life of a CA begins, and with it that of each certificate that it signs, so that a clock that is set
 * right again does not find them not valid yet. Clocks are ahead by hours where a machine takes local time for UTC (26
 * hours lie between time zones), by a year where somebody has mistyped the date, and a machine without a battery begins
 * somewhere. It costs nothing: nobody looks at how long ago a CA began, and before it was made it had signed nothing.
 */
const millisecondsBefore = 2 * 365 * day;

/**
 * The authority as it has to be now, one step further at most; the same object where nothing is to be done. It follows
 * from what is stored and what the API server is seen to trust, whichever replica asks.
 *
 * A step is taken only where both clocks of the moment agree on it. A replica whose clock is wrong takes none while the
 * API server's is right, and leaves them to others; while the API server's is wrong, nobody takes any. The margins are
 * weeks, so a difference of hours for ever does no harm.
 *
 * @param publishes whether the API server is seen to trust all of a bundle
 */
export async function advanceAuthority(
  authority: Authority | undefined,
  publishes: (bundle: string) => boolean,
  moment: Moment,
  { authority: lifetime }: Lifetimes,
): Promise<Authority> {
  if (authority === undefined || isUseless(authority.signing.validity, moment)) {
    return replaceAuthority(authority, moment, lifetime);
  }
  const { signing, next, retired } = authority;
  if (next !== undefined) {
    return isWorn(next.validity, moment, lifetime) || isUseless(next.validity, moment)
      ? { ...authority, next: undefined, published: undefined }
      : promoteNext(authority, next, publishes, moment, lifetime);
  }
  if (retired !== undefined && hasEnded(retired.validity, moment)) return { ...authority, retired: undefined };
  const isOld = isWorn(signing.validity, moment, lifetime) || lastsTooLong(signing.validity, moment, lifetime);
  return isOld ? { ...authority, next: await makeSigner(moment, lifetime) } : authority;
}

/** Where nothing can be signed any more, or yet: by the next CA if there is a good one, trusted or not. */
async function replaceAuthority(before: Authority | undefined, moment: Moment, lifetime: number): Promise<Authority> {
  const hasNext = before?.next !== undefined && !isUseless(before.next.validity, moment);
  return {
    signing: hasNext ? before.next : await makeSigner(moment, lifetime),
    next: undefined,
    retired: before?.retired,
    published: undefined,
  };
}

/** Notes since when the next CA is trusted, and lets it sign when that is long enough. */
function promoteNext(
  authority: Authority,
  next: Signer,
  publishes: (bundle: string) => boolean,
  moment: Moment,
  lifetime: number,
): Authority {
  const { signing, published } = authority;
  const bundle = trustedBundle(authority);
  if (!publishes(bundle)) return authority;
  const digest = createHash('sha256').update(bundle).digest('hex');
  // What began in the future was noted by a clock that is ahead.
  if (published === undefined || published.bundle !== digest || published.since > moment.latest) {
    return { ...authority, published: { bundle: digest, since: moment.latest } };
  }
  const { since } = published;
  // Of one that ends too soon for that, half of what is left.
  const wait = Math.min(lifetime * partBeforeSigning, (signing.validity.notAfter.getTime() - since) / 2);
  if (moment.earliest - since < wait) return authority;
  const { cert, validity } = signing;
  return { signing: next, next: undefined, retired: { cert, validity }, published: undefined };
}

/** Whether it ends so soon that another one has to come. */
function isWorn({ notAfter }: Validity, { earliest }: Moment, lifetime: number): boolean {
  return notAfter.getTime() - earliest < lifetime * partForNext;
}

/** Whether it was made to last longer than CAs are to last now, or by a clock that was far ahead. */
function lastsTooLong({ notAfter }: Validity, { latest }: Moment, lifetime: number): boolean {
  return notAfter.getTime() - latest > lifetime * (1 + partBeforeSigning);
}

async function makeSigner({ earliest, latest }: Moment, lifetime: number): Promise<Signer> {
  const validity = { notBefore: new Date(earliest - millisecondsBefore), notAfter: new Date(latest + lifetime) };
  return readSigner(await makeAuthority('kube-harden CA', validity));
}

/** @throws where the certificate is none. */
export function readSigner({ cert, key }: KeyPair): Signer {
  return { cert, key, validity: validityOf(cert) };
}

/** What the API server has to trust, in PEM. */
export function trustedBundle({ signing, next, retired }: Authority): string {
  return [signing, next, retired]
    .filter((part) => part !== undefined)
    .map(({ cert }) => `${cert.trimEnd()}\n`)
    .join('');
}

/** Whether an authority is another one than the one before, both are good, and it would take the one before its trust. */
export function isExchanged(authority: Authority, before: Authority | undefined, moment: Moment): before is Authority {
  if (before === undefined) return false;
  const { signing, next, retired } = authority;
  if ([signing, before.signing].some(({ validity }) => isUseless(validity, moment))) return false;
  return ![signing, next, retired].some((part) => part?.cert.trim() === before.signing.cert.trim());
}

/** Where somebody has exchanged a good authority for another one: what the one before has signed stays trusted. */
export function joinTrust(authority: Authority, { signing: { cert, validity } }: Authority): Authority {
  return { ...authority, retired: { cert, validity } };
}

/** From when to when a certificate is good that is issued now: as long as its CA at most. */
export function leafValidity(
  { validity }: TrustedCertificate,
  { latest }: Moment,
  { certificate }: Lifetimes,
): Validity {
  const { notBefore, notAfter } = validity;
  return { notBefore, notAfter: new Date(Math.min(latest + certificate, notAfter.getTime())) };
}

/** Whether another certificate would last longer by half a life. One that ends with its CA, none can outlast. */
export function isFresh(
  leaf: Validity,
  { validity: { notAfter } }: TrustedCertificate,
  { latest }: Moment,
  { certificate }: Lifetimes,
): boolean {
  return leaf.notAfter >= notAfter || leaf.notAfter.getTime() - latest > certificate / 2;
}

/** When a certificate ends, in milliseconds since 1970. */
export function endOf(cert: string): number {
  return validityOf(cert).notAfter.getTime();
}
