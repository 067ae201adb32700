import { expect } from 'chai';
import type { Logger } from 'winston';
import { makeClockWatch } from '../../src/run/clockWatch.ts';

describe('the clock watch', () => {
  it('says once where the clocks differ by more than five minutes, and once where no longer', () => {
    const told: string[] = [];
    const differences: number[] = [];
    let [own, server]: [number, number | undefined] = [0, undefined];
    const tell = (message: string, { seconds }: { seconds: number }): number => told.push(`${message} (${seconds})`);
    const look = makeClockWatch({
      own: () => own,
      server: () => server,
      metrics: { setClockDifference: (milliseconds) => differences.push(milliseconds) },
      logger: { error: tell, info: tell } as unknown as Logger,
    });
    look();
    server = 1_000_000;
    for (own of [1_000_000, 1_300_000, 1_300_001, 9_000_000, 1_000_000, 699_999]) look();
    expect(differences).to.deep.equal([0, 300_000, 300_001, 8_000_000, 0, -300_001]);
    const differ = "clock differs from the API server's: the CA changes only where both agree";
    expect(told).to.deep.equal([`${differ} (300)`, "clock agrees with the API server's again (0)", `${differ} (-300)`]);
  });
});
