import { expect } from 'chai';
import { encodeJson } from '../../src/admission/base64.ts';

describe('encodeJson', () => {
  for (const value of ['', 'plain', 'ÿ é', '漢字', '😀', '\u007f\u0080', 'a"\\b']) {
    it(`says the same as ${JSON.stringify(value)}`, () => {
      const encoded = encodeJson(JSON.stringify({ value }));
      expect(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))).to.deep.equal({ value });
    });
  }
});
