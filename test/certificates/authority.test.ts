import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import type { Authority, Lifetimes } from '../../src/certificates/authority.ts';
import {
  advanceAuthority,
  endOf,
  readAuthority,
  trustedBundle,
  validityFrom,
  writeAuthority,
} from '../../src/certificates/authority.ts';
import type { KeyPair } from '../../src/certificates/issueCertificate.ts';
import { issueCertificate, makeAuthority } from '../../src/certificates/issueCertificate.ts';

const day = 86_400_000;
const lifetimes: Lifetimes = { authority: 300 * day, certificate: day };
const start = Date.UTC(2026, 0, 1);

/** As a Secret has it: without what is null. */
function dataOf(authority: Authority): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(writeAuthority(authority)).filter(([, value]) => value !== null));
}

function makeKey(namedCurve: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

describe('advanceAuthority', () => {
  it('makes a CA where there is none, and leaves it alone for two thirds of its life', async () => {
    const made = await advanceAuthority(undefined, undefined, start, lifetimes);
    expect(endOf(made.signing.cert)).to.equal(start + 300 * day);
    expect(await advanceAuthority(made, start, start + 199 * day, lifetimes)).to.equal(made);
  });

  it('changes the CA so that each certificate is trusted by what was published before it was issued', async () => {
    const first = await advanceAuthority(undefined, undefined, start, lifetimes);
    const second = await advanceAuthority(first, start, start + 201 * day, lifetimes);
    expect(second.signing).to.equal(first.signing);
    expect(second.next).to.not.equal(undefined);
    expect(trustedBundle(second).match(/BEGIN/g)).to.have.length(2);

    const published = start + 201 * day;
    expect(await advanceAuthority(second, undefined, published + 20 * day, lifetimes), 'unpublished').to.equal(second);
    expect(await advanceAuthority(second, published, published + 9 * day, lifetimes), 'too early').to.equal(second);
    const third = await advanceAuthority(second, published, published + 10 * day, lifetimes);
    expect(third).to.deep.equal({ signing: second.next, next: undefined, retired: first.signing.cert });
    expect(trustedBundle(third)).to.include(first.signing.cert.trim());

    const fourth = await advanceAuthority(third, published, start + 300 * day, lifetimes);
    expect(fourth).to.deep.equal({ signing: third.signing, next: undefined, retired: undefined });
  });

  it('takes the next CA, or a new one, where the present one has ended', async () => {
    const first = await advanceAuthority(undefined, undefined, start, lifetimes);
    const prepared = await advanceAuthority(first, start, start + 250 * day, lifetimes);
    const late = await advanceAuthority(prepared, undefined, start + 301 * day, lifetimes);
    expect(late).to.deep.equal({ signing: prepared.next, next: undefined, retired: undefined });
    const anew = await advanceAuthority(first, undefined, start + 301 * day, lifetimes);
    expect(endOf(anew.signing.cert)).to.equal(start + 601 * day);
  });

  it('takes a CA for old by the lifetime of now, where it was made to last longer', async () => {
    const long = await advanceAuthority(undefined, undefined, start, { ...lifetimes, authority: 3000 * day });
    const { next } = await advanceAuthority(long, start, start + 201 * day, lifetimes);
    expect(next).to.not.equal(undefined);
  });
});

describe('readAuthority', () => {
  it('reads what was written', async () => {
    const first = await advanceAuthority(undefined, undefined, start, lifetimes);
    const second = await advanceAuthority(first, start, start + 201 * day, lifetimes);
    const third = await advanceAuthority(second, start, start + 250 * day, lifetimes);
    for (const each of [first, second, third]) expect(readAuthority(dataOf(each))).to.deep.equal(each);
    expect(readAuthority({})).to.equal(undefined);
  });

  it('reads a key in the form of old that OpenSSL still writes', async () => {
    const { cert, key } = await makeAuthority('one', validityFrom(start, day));
    const sec1 = createPrivateKey(key).export({ type: 'sec1', format: 'pem' }).toString();
    expect(sec1).to.match(/^-----BEGIN EC PRIVATE KEY-----/);
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    const authority = readAuthority({ 'tls.crt': encode(cert), 'tls.key': encode(sec1) });
    const issued = await issueCertificate(authority?.signing as KeyPair, ['localhost'], validityFrom(start, day));
    expect(new X509Certificate(issued.cert).verify(new X509Certificate(cert).publicKey)).to.equal(true);
  });

  it('refuses what is no authority, in one line', async () => {
    const one = await makeAuthority('one', validityFrom(start, day));
    const other = await makeAuthority('other', validityFrom(start, day));
    const leaf = await issueCertificate(one, ['localhost'], validityFrom(start, day));
    const encode = (text: string): string => Buffer.from(text).toString('base64');
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

describe('issueCertificate', () => {
  it('issues for names and addresses, signed by the authority', async () => {
    const authority = await makeAuthority('an authority', validityFrom(start, day));
    const { cert, key } = await issueCertificate(authority, ['a.b.svc', '127.0.0.1'], validityFrom(start, day));
    const certificate = new X509Certificate(cert);
    expect(certificate.subjectAltName).to.equal('DNS:a.b.svc, IP Address:127.0.0.1');
    expect(certificate.issuer).to.equal('CN=an authority');
    expect(certificate.verify(new X509Certificate(authority.cert).publicKey)).to.equal(true);
    expect(key).to.match(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(new Date(certificate.validFrom).getTime()).to.equal(start - 5 * 60_000);
  });
});
