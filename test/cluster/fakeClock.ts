import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/cluster/clock.ts';

/** A clock that stands until a test turns it. */
export interface FakeClock extends Clock {
  /** Lets time go by: whoever sleeps wakes in time, and does what it can before the next one wakes. */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** Sets the wall clock alone, as a machine does that hears from a time server. */
  readonly jump: (milliseconds: number) => void;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** So many turns of the event loop are enough for anything here to come to its next sleep. */
const turns = 20;

export function makeFakeClock(): FakeClock {
  let elapsed = 5_000_000;
  let wall = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const sleepers = new Set<Sleeper>();

  const settle = async (): Promise<void> => {
    for (let count = 0; count < turns; count += 1) await turn();
  };
  const nextBefore = (end: number): Sleeper | undefined =>
    [...sleepers].filter(({ until }) => until <= end).sort((left, right) => left.until - right.until)[0];

  return {
    now: () => wall,
    elapsed: () => elapsed,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const leave = (): void => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        const sleeper: Sleeper = {
          until: elapsed + milliseconds,
          wake: () => {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', leave);
            resolve();
          },
        };
        if (signal.aborted) return leave();
        signal.addEventListener('abort', leave, { once: true });
        sleepers.add(sleeper);
      }),
    pass: async (milliseconds) => {
      const end = elapsed + milliseconds;
      await settle();
      for (let next = nextBefore(end); next !== undefined; next = nextBefore(end)) {
        wall += next.until - elapsed;
        elapsed = next.until;
        next.wake();
        await settle();
      }
      wall += end - elapsed;
      elapsed = end;
    },
    jump: (milliseconds) => {
      wall += milliseconds;
    },
  };
}
