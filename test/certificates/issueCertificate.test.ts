import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { issueCertificate, makeAuthority } from '../../src/certificates/issueCertificate.ts';
import { madeByOpenSsl } from './madeByOpenSsl.ts';

const validity = { notBefore: new Date(Date.UTC(1968, 4, 1)), notAfter: new Date(Date.UTC(2057, 0, 1)) };

describe('issueCertificate', () => {
  it('issues for names and addresses, signed by the authority, to the second', async () => {
    const authority = await makeAuthority('an authority', validity);
    const { cert, key } = await issueCertificate(authority, ['a.b.svc', '127.0.0.1'], validity);
    const certificate = new X509Certificate(cert);
    expect(certificate.subjectAltName).to.equal('DNS:a.b.svc, IP Address:127.0.0.1');
    expect(certificate.issuer).to.equal('CN=an authority');
    expect(certificate.verify(new X509Certificate(authority.cert).publicKey)).to.equal(true);
    expect(key).to.match(/^-----BEGIN PRIVATE KEY-----\n/);
    // Of clocks as wrong as a machine without a battery has them.
    for (const each of [certificate, new X509Certificate(authority.cert)]) {
      expect([each.validFromDate, each.validToDate]).to.deep.equal([validity.notBefore, validity.notAfter]);
    }
  });

  it('names a CA that OpenSSL made byte for byte, since Go compares bytes', async () => {
    const { cert, subject } = madeByOpenSsl;
    expect(new X509Certificate(cert).raw.includes(subject)).to.equal(true);
    const issued = new X509Certificate((await issueCertificate(madeByOpenSsl, ['a.b.svc'], validity)).cert);
    expect(issued.raw.includes(subject), issued.issuer).to.equal(true);
    expect(issued.verify(new X509Certificate(cert).publicKey)).to.equal(true);
  });
});
