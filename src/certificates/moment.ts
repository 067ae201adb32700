import { X509Certificate } from 'node:crypto';

/**
 * When it is now, as far as that is known. Certificates are good or not by the API server's clock, and each clock may be
 * the wrong one: so the true time is taken to lie between this machine's clock and the API server's. Only what holds at
 * both ends is certain, and what is made now is made to hold at both ends.
 */
export interface Moment {
  /** In milliseconds since 1970. */
  readonly earliest: number;
  readonly latest: number;
}

/** From when to when a certificate is good, to the second. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * @param own what this machine's clock says, in milliseconds since 1970
 * @param server what the API server's says; undefined where that has not been heard of
 */
export function momentOf(own: number, server: number | undefined = own): Moment {
  return { earliest: Math.min(own, server), latest: Math.max(own, server) };
}

/** Reads a certificate, in PEM. @throws where it is none. */
export function validityOf(cert: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  return { notBefore: validFromDate, notAfter: validToDate };
}

/** Whether it is certain that something has ended. */
export function hasEnded({ notAfter }: Validity, { earliest }: Moment): boolean {
  return notAfter.getTime() <= earliest;
}

/** Whether it is certain that something is of no use now: it has ended, or a clock that was ahead has made it. */
export function isUseless(validity: Validity, moment: Moment): boolean {
  return hasEnded(validity, moment) || validity.notBefore.getTime() > moment.latest;
}
