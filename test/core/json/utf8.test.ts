import { expect } from 'chai';
import fc from 'fast-check';
import { utf8Length } from '../../../src/core/json/utf8.ts';

describe('utf8Length', () => {
  it('is as many bytes as the text has in UTF-8, whatever is in it', () => {
    for (const text of ['', 'a', 'ü', '€', '😀', 'a\ud800', '\udc00\ud800b', '\ud800😀'])
      expect(utf8Length(text), JSON.stringify(text)).to.equal(new TextEncoder().encode(text).length);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Length(text)).to.equal(new TextEncoder().encode(text).length);
      }),
    );
  });
});
