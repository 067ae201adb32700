import { expect } from 'chai';
import { trustedBundles, withBundle } from '../../src/cluster/publishedTrust.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');

const configuration = {
  webhooks: [
    { name: 'a.kube-harden.io', timeoutSeconds: 3, clientConfig: { url: 'https://a', caBundle: encode('one') } },
    { name: 'b.kube-harden.io', clientConfig: { url: 'https://b', caBundle: encode('one') } },
    { name: 'c.kube-harden.io', clientConfig: { url: 'https://c' } },
    { name: 'd.example.com', clientConfig: { url: 'https://d', caBundle: encode('other') } },
  ],
};

describe('the trust that is published', () => {
  it("is what kube-harden's own entries say, each once", () => {
    expect(trustedBundles(configuration)).to.deep.equal(['one', '']);
    expect(trustedBundles({})).to.deep.equal([]);
  });

  it('changes in those alone, and nothing else does', () => {
    const caBundle = encode('two');
    expect(withBundle(configuration, 'two')).to.deep.equal([
      { name: 'a.kube-harden.io', timeoutSeconds: 3, clientConfig: { url: 'https://a', caBundle } },
      { name: 'b.kube-harden.io', clientConfig: { url: 'https://b', caBundle } },
      { name: 'c.kube-harden.io', clientConfig: { url: 'https://c', caBundle } },
      configuration.webhooks[3],
    ]);
  });
});
