// Starts a new rule: npm run new-rule -- <field>
//
// Writes the rule's file, its places in the two lists, two fixtures and a page, all of which tests refuse until they
// are written in earnest, and says what is to do. Nothing is overwritten.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Before these two, which build on what all others have decided. */
const nextRule = 'writablePaths';

const [field, ...others] = process.argv.slice(2);
if (field === undefined || others.length > 0 || !/^[a-z][A-Za-z0-9]*$/.test(field)) {
  fail("usage: npm run new-rule -- <field>, which is Kubernetes' own name for it, such as procMount");
}
const ruleFile = `src/core/rules/${field}.ts`;
if (existsSync(join(root, ruleFile))) fail(`${ruleFile}: is there already`);

const lists = [
  insertBefore('src/core/policy/ruleId.ts', `  '${nextRule}',`, `  '${field}',`),
  insertBefore('src/core/rules.ts', `  ${nextRule},`, `  ${field},`),
  insertImport('src/core/rules.ts', `import { ${field} } from './rules/${field}.ts';`),
];
for (const insert of lists) insert();

write(
  ruleFile,
  `/**
 * ${field}: TO WRITE, why the rule exists.
 *
 * Fields: TO WRITE, which fields it fills in.
 *
 * Withheld: TO WRITE, where it fills in nothing, and why.
 *
 * Source: TO WRITE, where Kubernetes says so.
 */
import type { Rule } from '../decisions/rule.ts';

export const ${field}: Rule = {
  id: '${field}',
  // fillContainerField, fillPodField and fillSharedField have the way through a pod that nearly every rule needs.
  decide: () => [],
};
`,
);
for (const name of ['missing', 'explicit']) {
  write(`test/fixtures/${field}/${name}.input.yaml`, `TO WRITE, a pod whose ${field} is ${name}\n`);
}
write(`docs/rules/${field}.md`, `# ${field}\n\nTO WRITE, by \`make golden\`.\n`);

process.stdout.write(`The rule ${field} has begun. What is to do:

1. ${ruleFile}: the opening comment, and what it decides
2. src/core/policy/policy.ts and docs/policies.md: the policy's key, where it needs a new one
3. test/fixtures/${field}/*.input.yaml: what is added, what is kept, each reason for withholding
4. its place in src/core/policy/ruleId.ts and src/core/rules.ts, where it must not stand before ${nextRule}
5. make golden, and read every line that it writes; make test
`);

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { flag: 'wx' });
}

/** Looks for the place first, and writes when all places have been found. */
function insertBefore(path: string, line: string, inserted: string): () => void {
  const lines = readFileSync(join(root, path), 'utf8').split('\n');
  if (!lines.includes(line)) fail(`${path}: has no line "${line.trim()}" to put the rule before`);
  return () => edit(path, (now) => now.toSpliced(now.indexOf(line), 0, inserted));
}

/** Imports are sorted, which \`make lint\` holds. */
function insertImport(path: string, inserted: string): () => void {
  return () =>
    edit(path, (now) => {
      const later = now.findIndex((line) => line.startsWith('import { ') && pathIn(line) > pathIn(inserted));
      return now.toSpliced(later === -1 ? now.indexOf('') : later, 0, inserted);
    });
}

function pathIn(line: string): string {
  return line.slice(line.indexOf(" from '"));
}

function edit(path: string, change: (lines: string[]) => string[]): void {
  const file = join(root, path);
  writeFileSync(file, change(readFileSync(file, 'utf8').split('\n')).join('\n'));
}
