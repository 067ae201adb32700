import { hostname } from 'node:os';
import type { KeyPair } from './issueCertificate.ts';
import { issueCertificate, makeAuthority } from './issueCertificate.ts';

/** A certificate and its key, in PEM, and the CA that signed it. */
export interface ThrowawayCertificate extends KeyPair {
  readonly ca: string;
}

/** Long enough for an afternoon's trial. */
const millisecondsValid = 7 * 24 * 60 * 60 * 1000;

/** Somebody may try it from another machine, whose clock is some hours behind: 26 lie between time zones. */
const millisecondsBefore = 2 * 24 * 60 * 60 * 1000;

/**
 * Makes a CA and a certificate for this machine, for trying things out; nothing of it is kept but by the caller.
 *
 * @param host one more name or address that the certificate is good for
 * @param now in milliseconds since 1970
 */
export async function makeThrowawayCertificate(host?: string, now = Date.now()): Promise<ThrowawayCertificate> {
  const validity = { notBefore: new Date(now - millisecondsBefore), notAfter: new Date(now + millisecondsValid) };
  const authority = await makeAuthority('kube-harden throwaway CA', validity);
  const names = ['localhost', hostname(), 'kube-harden.kube-harden.svc', '127.0.0.1', '::1'];
  if (host !== undefined) names.push(host);
  return { ...(await issueCertificate(authority, [...new Set(names)], validity)), ca: authority.cert };
}
