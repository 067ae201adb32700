import { expect } from 'chai';
import { cutText } from '../../src/server/cutText.ts';

describe('cutText', () => {
  it('leaves alone what is short enough', () => {
    expect(cutText('', 3)).to.equal('');
    expect(cutText('abc', 3)).to.equal('abc');
  });

  it('cuts, and never through a surrogate pair', () => {
    expect(cutText('abcd', 3)).to.equal('ab…');
    for (let most = 2; most < 8; most += 1) {
      const cut = cutText('🐻🐻🐻🐻', most);
      expect(cut.isWellFormed()).to.equal(true);
      expect(cut.length).to.be.at.most(most);
    }
  });
});
