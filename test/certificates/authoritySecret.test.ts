import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import type { Authority } from '../../src/certificates/authority.ts';
import { advanceAuthority } from '../../src/certificates/authority.ts';
import { readAuthority, writeAuthority } from '../../src/certificates/authoritySecret.ts';
import type { KeyPair } from '../../src/certificates/issueCertificate.ts';
import { issueCertificate, makeAuthority } from '../../src/certificates/issueCertificate.ts';
import { momentOf } from '../../src/certificates/moment.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const validity = { notBefore: new Date(start), notAfter: new Date(start + day) };

/** As a Secret has it: without what is null. */
function dataOf(authority: Authority): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(writeAuthority(authority)).filter(([, value]) => value !== null));
}

function makeKey(namedCurve: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** DER in hexadecimal, shorter than 128 bytes. */
const tagged = (tag: string, content: string): string =>
  `${tag}${(content.length / 2).toString(16).padStart(2, '0')}${content}`;
const sequence = (content: string): string => tagged('30', content);
const dns = (name: string): string => sequence(tagged('82', Buffer.from(name).toString('hex')));
const ip = (network: string): string => sequence(tagged('87', network));
const permitted = (subtrees: string): string => sequence(tagged('a0', subtrees));
const excluded = (subtrees: string): string => sequence(tagged('a1', subtrees));

/** The Secret's data of a CA with one extension more. */
async function makeExtended(id: string, isCritical: boolean, value: string): Promise<Record<string, string>> {
  const { key } = await makeAuthority('one', validity);
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const privateKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }),
    algorithm,
    true,
    ['sign'],
  );
  const publicKey = await webcrypto.subtle.importKey(
    'spki',
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    algorithm,
    true,
    ['verify'],
  );
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=one',
    ...validity,
    keys: { privateKey, publicKey },
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.Extension(id, isCritical, Buffer.from(value, 'hex')),
    ],
  });
  return { 'tls.crt': encode(certificate.toString('pem')), 'tls.key': encode(key) };
}

const encode = (text: string): string => Buffer.from(text).toString('base64');

describe('readAuthority', () => {
  it('reads what was written', async () => {
    const lifetimes = { authority: 300 * day, certificate: day };
    const authorities: Authority[] = [];
    let authority: Authority | undefined;
    // Made, joined by the next one, published, retired.
    for (const days of [0, 201, 202, 213]) {
      authority = await advanceAuthority(authority, () => true, momentOf(start + days * day), lifetimes);
      authorities.push(authority);
    }
    expect(authorities.map(({ next, published, retired }) => [next, published, retired].map(Boolean))).to.deep.equal([
      [false, false, false],
      [true, false, false],
      [true, true, false],
      [false, false, true],
    ]);
    for (const each of authorities) expect(readAuthority(dataOf(each))).to.deep.equal(each);
    expect(readAuthority({})).to.equal(undefined);
  });

  it('reads what an earlier version has written, and takes a garbled publication for none', async () => {
    const { cert, key } = await makeAuthority('one', validity);
    const earlier = { 'tls.crt': encode(cert), 'tls.key': encode(key) };
    expect(readAuthority(earlier)).to.deep.include({ next: undefined, retired: undefined, published: undefined });
    const garbled = readAuthority({ ...earlier, published: encode('yesterday') });
    expect(garbled?.published).to.equal(undefined);
  });

  it('reads a key in the form of old that OpenSSL still writes', async () => {
    const { cert, key } = await makeAuthority('one', validity);
    const sec1 = createPrivateKey(key).export({ type: 'sec1', format: 'pem' }).toString();
    expect(sec1).to.match(/^-----BEGIN EC PRIVATE KEY-----/);
    const authority = readAuthority({ 'tls.crt': encode(cert), 'tls.key': encode(sec1) });
    const issued = await issueCertificate(authority?.signing as KeyPair, ['localhost'], validity);
    expect(new X509Certificate(issued.cert).verify(new X509Certificate(cert).publicKey)).to.equal(true);
  });

  it('refuses what is no authority, in one line', async () => {
    const one = await makeAuthority('one', validity);
    const other = await makeAuthority('other', validity);
    const leaf = await issueCertificate(one, ['localhost'], validity);
    const cases: readonly (readonly [Record<string, string>, string])[] = [
      [{ 'tls.crt': one.cert }, 'tls.crt and tls.key go together'],
      [{ 'tls.crt': 'x', 'tls.key': one.key }, 'tls.crt is no certificate'],
      [{ 'tls.crt': one.cert, 'tls.key': 'x' }, 'tls.key is no key'],
      [{ 'tls.crt': one.cert, 'tls.key': other.key }, 'tls.key is not the key of tls.crt'],
      [{ 'tls.crt': one.cert, 'tls.key': makeKey('secp384r1') }, 'tls.key is no key of the curve P-256'],
      [{ 'tls.crt': leaf.cert, 'tls.key': leaf.key }, "tls.crt is no CA's certificate"],
      [{ 'tls.crt': one.cert, 'tls.key': one.key, 'retired.crt': 'x' }, 'retired.crt is no certificate'],
      [{ 'tls.crt': one.cert, 'tls.key': one.key, 'next.key': one.key }, 'next.crt and next.key go together'],
    ];
    for (const [data, message] of cases) {
      const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, encode(text)]));
      expect(() => readAuthority(encoded)).to.throw(message);
    }
  });

  it('refuses a CA that the API server would not believe, though OpenSSL takes it for one', async () => {
    const names = ['kube-harden.kube-harden.svc', '127.0.0.1', '::1'];
    const serverAuth = '06082b06010505070301';
    const extendedKeyUsage = '2.5.29.37';
    const nameConstraints = '2.5.29.30';
    const cases: readonly (readonly [string, boolean, string, string | undefined])[] = [
      [extendedKeyUsage, false, sequence('06082b06010505070302'), 'its extended key usages lack serverAuth'],
      [extendedKeyUsage, false, sequence(`06082b06010505070302${serverAuth}`), undefined],
      [extendedKeyUsage, true, sequence('0604551d2500'), undefined],
      ['1.2.840.3.4', true, '0500', 'its critical extension 1.2.840.3.4 is not understood'],
      ['1.2.840.3.4', false, '0500', undefined],
      [nameConstraints, true, permitted(dns('example.com')), `its name constraints exclude ${names[0]}`],
      [nameConstraints, false, permitted(dns('harden.svc')), `its name constraints exclude ${names[0]}`],
      [nameConstraints, true, permitted(dns('example.com') + dns('SVC')), undefined],
      [nameConstraints, true, permitted(dns('.kube-harden.svc')), undefined],
      [nameConstraints, true, excluded(dns('kube-harden.svc')), `its name constraints exclude ${names[0]}`],
      [nameConstraints, true, excluded(dns('example.com')), undefined],
      [nameConstraints, true, excluded(ip('0000000000000000')), 'its name constraints exclude 127.0.0.1'],
      [nameConstraints, true, excluded(ip('0a000000ff000000')), undefined],
      [nameConstraints, true, permitted(ip('7f000000ff000000') + ip('00'.repeat(32))), undefined],
      [nameConstraints, true, permitted(ip('7f000000ff000000')), 'its name constraints exclude ::1'],
      // Of a directory, which Go does not read; of an e-mail address, which a server has none of.
      [nameConstraints, true, permitted(sequence('a4023000')), 'its critical name constraints are not understood'],
      [nameConstraints, false, permitted(sequence('a4023000')), undefined],
      [nameConstraints, true, permitted(sequence('810161')), undefined],
    ];
    for (const [id, isCritical, value, fault] of cases) {
      const data = await makeExtended(id, isCritical, value);
      const read = (): unknown => readAuthority(data, names);
      if (fault === undefined) expect(read, value).to.not.throw();
      else expect(read, value).to.throw(Error, `tls.crt is no CA that the API server believes: ${fault}`);
    }
  });
});
