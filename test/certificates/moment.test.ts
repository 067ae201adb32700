import { expect } from 'chai';
import { hasEnded, isUseless, momentOf } from '../../src/certificates/moment.ts';

const validity = { notBefore: new Date(1000), notAfter: new Date(2000) };

describe('a moment', () => {
  it("lies between this machine's clock and the API server's, where that is known", () => {
    expect(momentOf(5, 3)).to.deep.equal({ earliest: 3, latest: 5 });
    expect(momentOf(3, 5)).to.deep.equal({ earliest: 3, latest: 5 });
    expect(momentOf(5, undefined)).to.deep.equal({ earliest: 5, latest: 5 });
  });

  it('makes nothing useless that may be good by one of the two', () => {
    const verdicts = [
      [999, 'useless'],
      [1000, 'good'],
      [1999, 'good'],
      [2000, 'useless, ended'],
    ] as const;
    const judge = (own: number, server: number): string => {
      const moment = momentOf(own, server);
      const verdict = isUseless(validity, moment) ? 'useless' : 'good';
      return hasEnded(validity, moment) ? `${verdict}, ended` : verdict;
    };
    for (const [time, verdict] of verdicts) {
      expect(judge(time, time), String(time)).to.equal(verdict);
      expect(judge(time, 1500), `${time} and a good one`).to.equal('good');
      expect(judge(1500, time), `a good one and ${time}`).to.equal('good');
    }
    expect(judge(999, 2000), 'on both sides of it').to.equal('good');
  });
});
