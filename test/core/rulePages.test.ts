import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ruleIds } from '../../src/core/policy/ruleId.ts';
import { docs, makeRuleIndex, makeRulePage } from './rulePages.ts';

const rewrite = process.env['UPDATE_GOLDEN'] === '1';

function readPage(path: string): string {
  try {
    return readFileSync(join(docs, path), 'utf8');
  } catch {
    return '';
  }
}

// Begins as the fixtures do, so that `make golden` runs it, after them.
describe('rules have pages', () => {
  const compare = (path: string, made: string): void => {
    if (rewrite) {
      mkdirSync(join(docs, 'rules'), { recursive: true });
      writeFileSync(join(docs, path), made);
    }
    expect(readPage(path), `docs/${path} is missing or stale: make golden writes it`).to.equal(made);
  };

  for (const rule of ruleIds) {
    it(`that say what ${rule} does`, () => compare(`rules/${rule}.md`, makeRulePage(rule)));
  }

  it('an index', () => compare('rules.md', makeRuleIndex(ruleIds)));

  it('and no others', () => {
    expect(readdirSync(join(docs, 'rules')).sort()).to.deep.equal(ruleIds.map((rule) => `${rule}.md`).sort());
  });
});
