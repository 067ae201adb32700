import { expect } from 'chai';
import { makeRanking } from '../../src/server/ranking.ts';

describe('ranking', () => {
  it('tells the heaviest as weights change', () => {
    const { set, heaviest } = makeRanking<string>();
    expect(heaviest()).to.equal(undefined);
    set('a', 2);
    set('b', 5);
    set('c', 5);
    expect(heaviest()).to.equal('b');
    set('b', 1);
    expect(heaviest()).to.equal('c');
    set('c', 0);
    expect(heaviest()).to.equal('a');
    set('b', 3);
    expect(heaviest()).to.equal('b');
    set('a', 0);
    set('b', 0);
    expect(heaviest()).to.equal(undefined);
  });
});
