import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { bySeed, readFactor, readSeed, seed, tries } from './property.ts';

describe('property tests', () => {
  it('take the same seed unless they are asked for another', () => {
    expect([undefined, '', '7'].map(readSeed)).to.deep.equal([1, 1, 7]);
    const random = new Set(Array.from({ length: 20 }, () => readSeed('random')));
    expect(random.size).to.be.greaterThan(1);
    expect(() => readSeed('ranodm')).to.throw('PROPERTY_SEED=ranodm: must be a number or random');
  });

  it('try more often in proportion', () => {
    expect([undefined, '500', '100000'].map(readFactor)).to.deep.equal([1, 0.05, 10]);
    expect(() => readFactor('many')).to.throw('PROPERTY_RUNS=many: must be a number');
  });

  it('take the seed where they say nothing', () => {
    expect(fc.readConfigureGlobal()).to.deep.equal(tries(100));
    expect(bySeed).to.equal(`(PROPERTY_SEED=${seed})`);
  });

  it('have no seed and no number of tries of their own', () => {
    const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts') && !/^property\.|^oracle\//.test(name))) {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8');
      if (/from 'fast-check'/.test(text))
        expect(text, `${file}: tries() of test/property.ts says both`).to.not.match(/\b(numRuns|seed)(:|,| \})/);
    }
  });
});
