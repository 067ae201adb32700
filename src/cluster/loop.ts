import type { Logger } from 'winston';
import type { Clock } from './clock.ts';
import { machineClock } from './clock.ts';
import { describeFault } from './followObjects.ts';

/** Clocks are looked at, not waited for: a timer of weeks would fire at once, and a machine may sleep. */
const millisecondsBetweenRounds = 1000;

/** Before the next round, however much has changed: somebody else may insist on what a round changes back. */
const shortestPause = 200;

/** After a round that failed. */
const millisecondsAfterFailure = 2000;

/** A reconciler's loop: does the same again and again, one round after the other. */
export interface Loop {
  /** Asks for a round at once; one after the present one where there is one. */
  readonly wake: () => void;
  /** Goes round until the signal; what a round throws is logged. */
  readonly run: (round: () => Promise<void>) => Promise<void>;
}

export function makeLoop(logger: Logger, signal: AbortSignal, clock: Clock = machineClock): Loop {
  let isWanted = false;
  let rest = new AbortController();

  async function run(round: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      isWanted = false;
      rest = new AbortController();
      let wait = millisecondsBetweenRounds;
      try {
        await round();
        await clock.sleep(shortestPause, signal);
        if (isWanted) continue;
      } catch (error) {
        if (signal.aborted) return;
        wait = millisecondsAfterFailure;
        logger.warn('not reconciled', { error: describeFault(error), again: `in ${wait} ms` });
        // What came in the meantime may be the reason; the wait keeps a fault from spinning.
        rest = new AbortController();
      }
      await clock.sleep(wait, AbortSignal.any([signal, rest.signal])).catch(() => {});
    }
  }

  return {
    wake: () => {
      isWanted = true;
      rest.abort();
    },
    run,
  };
}
