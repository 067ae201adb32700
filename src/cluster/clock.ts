import { setTimeout as sleep } from 'node:timers/promises';

/** The time, passed in so that tests can turn it. All of it in milliseconds. */
export interface Clock {
  /** Since 1970, by the wall clock, which may jump. */
  readonly now: () => number;
  /** Since some moment of the past, by a clock that never jumps. */
  readonly elapsed: () => number;
  /** Rejects where the signal comes first. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export const machineClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
};
