import type { Logger } from 'winston';
import type { Moment, Validity } from '../certificates/moment.ts';
import { hasEnded, isUseless } from '../certificates/moment.ts';

export interface UseTellerOptions {
  readonly now: () => Moment;
  /** Whether the certificate in use may be good, as far as clocks can tell. */
  readonly tellUse: (isUsable: boolean) => void;
  readonly logger: Logger;
}

/** Makes what tells in each round how the certificate in use is, and logs once where it comes to be of no use. */
export function makeUseTeller({ now, tellUse, logger }: UseTellerOptions): (inUse: Validity | undefined) => void {
  let wasUsable = true;
  return (inUse) => {
    const moment = now();
    const isUsable = inUse !== undefined && !isUseless(inUse, moment);
    tellUse(isUsable);
    if (inUse !== undefined && wasUsable && !isUsable) {
      logger.error('certificate of no use', { error: `it ${describeUse(inUse, moment)}` });
    }
    wasUsable = isUsable || inUse === undefined;
  };
}

/** Why something is of no use. */
export function describeUse(validity: Validity, moment: Moment): string {
  const { notBefore, notAfter } = validity;
  return hasEnded(validity, moment)
    ? `has ended at ${notAfter.toISOString()}`
    : `is not valid before ${notBefore.toISOString()}`;
}
