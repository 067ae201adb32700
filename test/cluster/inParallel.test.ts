import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { inParallel } from '../../src/cluster/inParallel.ts';

describe('inParallel', () => {
  it('does all, a few at a time, whatever fails', async () => {
    let [running, most] = [0, 0];
    const done: number[] = [];
    const items = Array.from({ length: 20 }, (_, index) => index);
    const all = inParallel(items, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await nextTurn();
      running -= 1;
      if (item % 7 === 3) throw new Error(`no ${item}`);
      done.push(item);
    });
    expect(await all.catch((error: Error) => error.message)).to.equal('no 3');
    expect(done).to.have.length(17);
    expect(most).to.equal(4);
  });
});
