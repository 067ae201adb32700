import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import jsonPatch from 'fast-json-patch';
import { parseAllDocuments, stringify } from 'yaml';
import { harden, isRefusal } from '../../src/core/harden.ts';
import type { Json } from '../../src/core/json/json.ts';
import { isJsonObject } from '../../src/core/json/json.ts';
import { isPolicyDocument } from '../../src/core/policy/policy.ts';
import { ruleIds } from '../../src/core/policy/ruleId.ts';
import { rules } from '../../src/core/rules.ts';
import { describe as sentence } from '../../src/core/sentences.ts';
import { builtInPolicy, readPolicy } from './policies.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const rewrite = process.env['UPDATE_GOLDEN'] === '1';

const hardened = builtInPolicy('hardened');

function parseFile(file: string): Json[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Json);
}

/** Before a pod, a fixture may say what kube-harden has proved to have added to it. */
function isClaim(document: Json): document is { readonly added: readonly { name: string; value: Json }[] } {
  return isJsonObject(document) && 'added' in document;
}

/** What the golden file has to say: the sentences of the fixture's own rule, and the whole pod that comes out. */
function hardenFixture(rule: string, file: string): string {
  const documents = parseFile(file);
  const written = documents.find(isPolicyDocument);
  const claim = documents.find(isClaim);
  const pod = documents.find((document) => document !== written && document !== claim) ?? null;
  const answer = harden(pod, written === undefined ? hardened : readPolicy(written), claim?.added ?? []);
  if (isRefusal(answer)) throw new Error(answer.refusal);
  const copy = structuredClone(pod);
  const result = jsonPatch.applyPatch(copy, [...answer.patch] as jsonPatch.Operation[], true).newDocument;
  const decisions = answer.decisions.filter((decision) => decision.rule === rule).map(sentence);
  return stringify({ decisions, hardened: result }, { lineWidth: 0, aliasDuplicateObjects: false });
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

  it('each have a row in the table of the documentation', () => {
    const rows = readFileSync(join(import.meta.dirname, '../../docs/rules.md'), 'utf8').matchAll(/^\| `(\w+)` \|/gm);
    expect([...rows].map(([, name]) => name)).to.deep.equal([...ruleIds]);
  });

  for (const rule of readdirSync(fixtures)) {
    describe(rule, () => {
      const files = readdirSync(join(fixtures, rule));
      const cases = files.filter((name) => name.endsWith('.input.yaml')).map((name) => name.replace('.input.yaml', ''));

      it('has at least two fixtures and no stray files', () => {
        expect(cases.length).to.be.at.least(2);
        const expected = cases.flatMap((name) => [`${name}.golden.yaml`, `${name}.input.yaml`]);
        if (!rewrite) expect(files.sort()).to.deep.equal(expected.sort());
      });

      for (const name of cases) {
        it(name, () => {
          const golden = join(fixtures, rule, `${name}.golden.yaml`);
          const actual = hardenFixture(rule, join(fixtures, rule, `${name}.input.yaml`));
          if (rewrite) writeFileSync(golden, actual);
          expect(existsSync(golden), `${golden} is missing: make golden writes it`).to.equal(true);
          expect(actual).to.equal(readFileSync(golden, 'utf8'));
        });
      }
    });
  }
});
