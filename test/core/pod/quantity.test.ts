import { expect } from 'chai';
import { bytesOf } from '../../../src/core/pod/quantity.ts';

describe('a size', () => {
  it('is so many bytes, whatever its unit', () => {
    for (const [one, other] of [
      ['1024Mi', '1Gi'],
      ['1000k', '1M'],
      ['0.5Gi', '512Mi'],
      ['1000m', '1'],
    ] as const) {
      expect(bytesOf(one), one).to.equal(bytesOf(other));
    }
    expect(bytesOf('64Mi')).to.equal(64 * 1024 * 1024);
  });

  it('is told from what is none', () => {
    for (const text of ['', 'Mi', '1mi', '1 Gi', '-1Gi', '1e3']) expect(bytesOf(text), text).to.equal(undefined);
  });
});
