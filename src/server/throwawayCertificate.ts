import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** A certificate and its key, in PEM, and the CA that signed it. */
export interface ThrowawayCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Long enough for an afternoon's trial. */
const millisecondsValid = 7 * 24 * 60 * 60 * 1000;

/** Clocks differ: a certificate that is valid from this very moment on is not valid yet elsewhere. */
const millisecondsBefore = 5 * 60 * 1000;

/**
 * Makes a CA and a certificate for this machine, for trying things out; nothing of it is kept but by the caller.
 *
 * @param host one more name or address that the certificate is good for
 */
export async function makeThrowawayCertificate(host?: string): Promise<ThrowawayCertificate> {
  // The library needs this polyfill before it is loaded; both take a tenth of a second that nobody else should pay.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const notBefore = new Date(Date.now() - millisecondsBefore);
  const notAfter = new Date(Date.now() + millisecondsValid);
  const caKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: makeSerialNumber(),
    name: 'CN=kube-harden throwaway CA',
    notBefore,
    notAfter,
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: makeSerialNumber(),
    subject: 'CN=kube-harden',
    issuer: ca.subject,
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(host)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    cert: certificate.toString('pem'),
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    ca: ca.toString('pem'),
  };
}

function alternativeNames(host: string | undefined): readonly { type: 'dns' | 'ip'; value: string }[] {
  const names = ['localhost', hostname(), 'kube-harden.kube-harden.svc', '127.0.0.1', '::1'];
  if (host !== undefined) names.push(host);
  return [...new Set(names)].map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
}

/** Positive and of 128 bits: RFC 5280, section 4.1.2.2. */
function makeSerialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
