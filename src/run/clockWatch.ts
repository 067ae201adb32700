import type { Logger } from 'winston';
import type { Metrics } from '../server/metrics.ts';

/** What clocks that are kept by NTP never differ by, and other certificates than kube-harden's begin to fail at. */
const millisecondsTolerated = 5 * 60_000;

export interface ClockWatchOptions {
  /** This machine's clock, in milliseconds since 1970. */
  readonly own: () => number;
  /** The API server's; undefined where it has not been heard of. */
  readonly server: () => number | undefined;
  readonly metrics: Pick<Metrics, 'setClockDifference'>;
  readonly logger: Logger;
}

/** Makes what compares this machine's clock with the API server's, and says once where they differ, and once where no longer. */
export function makeClockWatch({ own, server, metrics, logger }: ClockWatchOptions): () => void {
  let isOff = false;
  return () => {
    const time = server();
    if (time === undefined) return;
    const difference = own() - time;
    metrics.setClockDifference(difference);
    if (Math.abs(difference) > millisecondsTolerated === isOff) return;
    isOff = !isOff;
    const seconds = Math.round(difference / 1000);
    if (isOff) logger.error("clock differs from the API server's: the CA changes only where both agree", { seconds });
    else logger.info("clock agrees with the API server's again", { seconds });
  };
}
