import { expect } from 'chai';
import { makeBackOff } from '../../src/cluster/backOff.ts';

const timeout = new Set(['timeoutSeconds']);
const both = new Set(['timeoutSeconds', 'missing']);
const second = 1000;
const minute = 60 * second;

describe('a back-off', () => {
  /** Asks each second whether something is due that is wrong all the time, and notes it then: the seconds when it was. */
  function repairsWithin(seconds: number): readonly number[] {
    const backOff = makeBackOff();
    return Array.from({ length: seconds }, (_, index) => index).filter((now) => {
      const isDue = backOff.isDue(timeout, now * second);
      if (isDue) backOff.note(timeout, now * second);
      return isDue;
    });
  }

  it('sets right at once, twice after a second, then after waits that double up to five minutes', () => {
    expect(repairsWithin(1500)).to.deep.equal([0, 1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513, 813, 1113, 1413]);
  });

  it('does not let one field wait for another', () => {
    const backOff = makeBackOff();
    for (let times = 0; times < 11; times += 1) backOff.note(timeout, 0);
    expect(backOff.isDue(timeout, minute)).to.equal(false);
    expect(backOff.isDue(both, minute)).to.equal(true);
  });

  it('tells once of a field that is set right for the third time', () => {
    const backOff = makeBackOff();
    const told = [0, 1, 2, 3, 4].map((now) => backOff.note(now === 3 ? both : timeout, now));
    expect(told).to.deep.equal([[], [], ['timeoutSeconds'], [], []]);
  });

  it('begins anew after ten minutes of calm', () => {
    const backOff = makeBackOff();
    for (let times = 0; times < 20; times += 1) backOff.note(timeout, 0);
    expect(backOff.isDue(timeout, 5 * minute - 1)).to.equal(false);
    expect(backOff.isDue(timeout, 5 * minute)).to.equal(true);
    backOff.note(timeout, 10 * minute + 1);
    expect(backOff.isDue(timeout, 10 * minute + 1 + second)).to.equal(true);
  });

  it('has nothing to do where there is nothing', () => {
    expect(makeBackOff().isDue(new Set(), 0)).to.equal(false);
  });
});
