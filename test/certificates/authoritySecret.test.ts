import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
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
});
