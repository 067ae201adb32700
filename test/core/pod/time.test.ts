import { expect } from 'chai';
import fc from 'fast-check';
import { secondsOf } from '../../../src/core/pod/time.ts';

describe('a time of the API server', () => {
  it('is read as Date reads it', () => {
    const years = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(years), (date) => {
        const text = date.toISOString().replace(/\.\d+/, '');
        expect(secondsOf(text)).to.equal(Date.parse(text) / 1000);
      }),
    );
    expect(secondsOf('2024-02-29T12:00:00Z')).to.equal(Date.parse('2024-02-29T12:00:00Z') / 1000);
  });

  it('has one form', () => {
    for (const text of ['', 'now', '2026-11-24', '2026-11-24T22:53:39', '2026-11-24T22:53:39.5Z', '1764025200']) {
      expect(secondsOf(text), text).to.equal(undefined);
    }
  });
});
