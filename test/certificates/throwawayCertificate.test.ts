import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';

describe('makeThrowawayCertificate', () => {
  it('is good from two days ago for a week from now on, for this machine and one more name', async () => {
    const now = Date.UTC(2026, 0, 10);
    const { cert, ca } = await makeThrowawayCertificate('harden.example', now);
    const [certificate, authority] = [new X509Certificate(cert), new X509Certificate(ca)];
    expect(certificate.verify(authority.publicKey)).to.equal(true);
    for (const { validFromDate, validToDate } of [certificate, authority]) {
      expect(validFromDate).to.deep.equal(new Date(Date.UTC(2026, 0, 8)));
      expect(validToDate).to.deep.equal(new Date(Date.UTC(2026, 0, 17)));
    }
    for (const name of ['localhost', 'harden.example']) expect(certificate.checkHost(name)).to.equal(name);
    for (const address of ['127.0.0.1', '::1']) expect(certificate.checkIP(address)).to.equal(address);
    expect(certificate.checkHost('other.example')).to.equal(undefined);
  });
});
