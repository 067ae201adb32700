import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { ruleIds } from '../../src/core/policy/ruleId.ts';
import { rules } from '../../src/core/rules.ts';
import { fixtureNames, fixtures, hardenFixture } from './ruleFixtures.ts';

const rewrite = process.env['UPDATE_GOLDEN'] === '1';

/** What the golden file has to say. */
function makeGolden(rule: string, name: string): string {
  const { decisions, hardened } = hardenFixture(rule, name);
  return stringify({ decisions, hardened }, { lineWidth: 0, aliasDuplicateObjects: false });
}

describe('rules', () => {
  it('each have a file, a place in the order, and fixtures', () => {
    const files = readdirSync(join(import.meta.dirname, '../../src/core/rules')).map((name) =>
      name.replace(/\.ts$/, ''),
    );
    expect(rules.map(({ id }) => id)).to.deep.equal([...ruleIds]);
    expect(files.sort()).to.deep.equal([...ruleIds].sort());
    expect(readdirSync(fixtures).sort()).to.deep.equal([...ruleIds].sort());
  });

  for (const rule of readdirSync(fixtures)) {
    describe(rule, () => {
      const files = readdirSync(join(fixtures, rule));
      const cases = fixtureNames(rule);

      it('has at least two fixtures and no stray files', () => {
        expect(cases.length).to.be.at.least(2);
        const expected = cases.flatMap((name) => [`${name}.golden.yaml`, `${name}.input.yaml`]);
        if (!rewrite) expect(files.sort()).to.deep.equal(expected.sort());
      });

      for (const name of cases) {
        it(name, () => {
          const golden = join(fixtures, rule, `${name}.golden.yaml`);
          const actual = makeGolden(rule, name);
          if (rewrite) writeFileSync(golden, actual);
          expect(existsSync(golden), `${golden} is missing: make golden writes it`).to.equal(true);
          expect(actual).to.equal(readFileSync(golden, 'utf8'));
        });
      }
    });
  }
});
