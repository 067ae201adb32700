import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import { deriveClaimsKey, makeClaimsKey } from '../../src/server/claimsKey.ts';

describe('a claims key', () => {
  it('knows its own signatures, and no others', () => {
    const { signer } = makeClaimsKey(randomBytes(32));
    const signature = signer.sign('text');
    expect(signature).to.match(/^[\w-]{43}$/);
    expect(signer.verify('text', signature)).to.equal(true);
    expect(signer.verify('another', signature)).to.equal(false);
    const other = makeClaimsKey(randomBytes(32)).signer.sign('text');
    for (const forged of ['', 'x', signature.slice(0, -2), `${signature}AA`, other]) {
      expect(signer.verify('text', forged), forged).to.equal(false);
    }
  });

  it('is the same for servers with one certificate, and another one for another', async () => {
    const [one, other] = [await makeThrowawayCertificate(), await makeThrowawayCertificate()];
    expect(deriveClaimsKey(one.key).bytes).to.deep.equal(deriveClaimsKey(one.key).bytes);
    expect(deriveClaimsKey(one.key).bytes).to.not.deep.equal(deriveClaimsKey(other.key).bytes);
  });
});
