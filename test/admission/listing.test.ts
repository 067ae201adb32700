import { expect } from 'chai';
import { list } from '../../src/admission/listing.ts';

describe('a list in an audit annotation', () => {
  it('has each item where there is room', () => {
    expect(list([1, 2, 3], (item) => `item ${item}`)).to.equal('item 1, item 2, item 3');
    expect(list([], String)).to.equal('');
  });

  it('says how many more there are, and does not make them', () => {
    let made = 0;
    const items = Array.from({ length: 100_000 }, (_, index) => index);
    const text = list(items, (item) => {
      made += 1;
      return String(item).padStart(98, '0');
    });
    expect(text).to.match(/^0+, .* and 99919 more$/);
    expect(text.length).to.be.at.most(8192);
    expect(made).to.equal(82);
    expect(list(['x'.repeat(10_000), 'y'], String)).to.equal('2 more');
  });
});
