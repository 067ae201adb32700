import { expect } from 'chai';
import type { Logger } from 'winston';
import { momentOf } from '../../src/certificates/moment.ts';
import { makeUseTeller } from '../../src/cluster/certificateUse.ts';

describe('the use of a certificate', () => {
  it('is told each time, and logged once where it ends', () => {
    const [told, logged]: [boolean[], string[]] = [[], []];
    let now = 0;
    const error = (message: string, entry: { error: string }): number => logged.push(`${message}: ${entry.error}`);
    const tell = makeUseTeller({
      now: () => momentOf(now),
      tellUse: (isUsable) => told.push(isUsable),
      logger: { error } as unknown as Logger,
    });
    const validity = { notBefore: new Date(1000), notAfter: new Date(2000) };
    tell(undefined);
    for (now of [999, 1000, 1999, 2000, 2001, 500]) tell(validity);
    expect(told).to.deep.equal([false, false, true, true, false, false, false]);
    expect(logged).to.deep.equal([
      'certificate of no use: it is not valid before 1970-01-01T00:00:01.000Z',
      'certificate of no use: it has ended at 1970-01-01T00:00:02.000Z',
    ]);
  });
});
