import { expect } from 'chai';
import { makeLoop } from '../../src/cluster/loop.ts';
import { makeFakeClock } from './fakeClock.ts';
import { makeLogged } from './logged.ts';

describe('makeLoop', () => {
  function start(round: (count: number) => Promise<void> | void = () => {}) {
    const [clock, ending, { logger, lines }] = [makeFakeClock(), new AbortController(), makeLogged()];
    const loop = makeLoop(logger, ending.signal, clock);
    const begun = clock.elapsed();
    const rounds: number[] = [];
    const done = loop.run(async () => {
      rounds.push(clock.elapsed() - begun);
      await round(rounds.length);
    });
    return { clock, loop, rounds, lines, done, stop: () => ending.abort() };
  }

  it('goes round at once, and then as the clock asks for', async () => {
    const { clock, rounds, stop, done } = start();
    await clock.pass(5000);
    expect(rounds).to.deep.equal([0, 1200, 2400, 3600, 4800]);
    stop();
    await done;
  });

  it('goes round when it is woken, a fifth of a second after the last round at the soonest', async () => {
    const { clock, loop, rounds, stop, done } = start();
    await clock.pass(700);
    loop.wake();
    await clock.pass(100);
    loop.wake();
    loop.wake();
    await clock.pass(600);
    expect(rounds).to.deep.equal([0, 700, 900]);
    stop();
    await done;
  });

  it('never goes two rounds at a time, and forgets no wake in the midst of one', async () => {
    let finish = (): void => {};
    const { clock, loop, rounds, stop, done } = start((count) =>
      count === 1 ? new Promise((resolve) => (finish = resolve)) : undefined,
    );
    await clock.pass(5000);
    loop.wake();
    await clock.pass(5000);
    expect(rounds).to.deep.equal([0]);
    finish();
    await clock.pass(200);
    expect(rounds).to.deep.equal([0, 10_200]);
    stop();
    await done;
  });

  it('says what has failed, and waits two seconds before it tries again', async () => {
    const { clock, rounds, lines, stop, done } = start((count) => {
      if (count < 3) throw new Error('no API server\nat all');
    });
    await clock.pass(4500);
    expect(rounds).to.deep.equal([0, 2000, 4000]);
    const line = { level: 'warn', message: 'not reconciled', error: 'no API server', again: 'in 2000 ms' };
    expect(lines).to.deep.equal([line, line]);
    stop();
    await done;
  });

  it('does not spin where a failing round keeps waking it', async () => {
    const { clock, loop, rounds, stop, done } = start(() => {
      loop.wake();
      throw new Error('again');
    });
    await clock.pass(10_000);
    expect(rounds).to.have.length.within(2, 6);
    stop();
    await done;
  });

  it('ends with the signal, without a word', async () => {
    const { clock, rounds, lines, stop, done } = start();
    await clock.pass(100);
    stop();
    await done;
    await clock.pass(60_000);
    expect(rounds).to.deep.equal([0]);
    expect(lines).to.deep.equal([]);
  });
});
