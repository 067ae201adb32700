import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Json } from '../../src/core/json/json.ts';
import { fixtureNames, hardenFixture } from './ruleFixtures.ts';

// Makes the page of each rule and their index. The prose is the rule's opening comment and nothing else, the examples
// are the rule's fixtures, so that there is one source for each.

export const docs = join(import.meta.dirname, '../../docs');

/** What a rule's opening comment says. */
export interface RuleComment {
  /** Why the rule exists. */
  readonly why: string;
  readonly fields: string;
  readonly withheld: string;
  readonly source: string;
  /** Further paragraphs, as they stand. */
  readonly others: readonly string[];
}

/**
 * Reads the opening comment of a rule: `<rule>: why`, then paragraphs that begin with `Fields:`, `Withheld:`, `Source:`.
 *
 * @throws {Error} where a part is missing or still has to be written.
 */
export function readRuleComment(rule: string): RuleComment {
  const file = `src/core/rules/${rule}.ts`;
  const text = readFileSync(join(docs, '..', file), 'utf8');
  const comment = /^\/\*\*\n((?: \*.*\n)+?) \*\/\n/.exec(text)?.[1] ?? '';
  const paragraphs = comment
    .replaceAll(/^ \* ?/gm, '')
    .trim()
    .split('\n\n')
    .map((paragraph) => paragraph.replaceAll('\n', ' '));
  const take = (start: string): string => {
    const paragraph = paragraphs.find((each) => each.startsWith(`${start}: `));
    const said = paragraph?.slice(start.length + 2) ?? '';
    if (said === '' || said.includes('TO WRITE'))
      throw new Error(`${file}: its opening comment does not say "${start}: …" yet`);
    return said;
  };
  const known = [rule, 'Fields', 'Withheld', 'Source'];
  return {
    why: take(rule),
    fields: take('Fields'),
    withheld: take('Withheld'),
    source: take('Source'),
    others: paragraphs.filter((paragraph) => !known.some((start) => paragraph.startsWith(`${start}: `))),
  };
}

/** The page of a rule. */
export function makeRulePage(rule: string): string {
  const { why, fields, withheld, source, others } = readRuleComment(rule);
  const parts = [
    `# ${rule}`,
    upperFirst(why),
    ...others,
    `**Fields:** ${upperFirst(fields)}`,
    `**Withheld:** ${upperFirst(withheld)}`,
    `**Source:** ${source}`,
    `[The rule](../../src/core/rules/${rule}.ts), [its fixtures](../../test/fixtures/${rule}), [all rules](../rules.md).`,
    '## Before and after',
    'Under the policy `hardened`, unless another one is shown.',
    ...fixtureNames(rule).map((name) => describeFixture(rule, name)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function describeFixture(rule: string, name: string): string {
  const { policy, claim, pod, decisions, hardened } = hardenFixture(rule, name);
  const says =
    decisions.length === 0
      ? ['kube-harden says nothing.']
      : ['kube-harden says:', `\`\`\`text\n${decisions.join('\n')}\n\`\`\``];
  return [
    `### ${upperFirst(name.replaceAll('-', ' '))}`,
    ...(policy === undefined ? [] : ['The policy:', yaml(specOf(policy))]),
    ...(claim === undefined ? [] : ['kube-harden has added before, in the same admission:', yaml(claim)]),
    'Before:',
    yaml(pod),
    'After:',
    yaml(hardened),
    ...says,
  ].join('\n\n');
}

/** The index of all rules. */
export function makeRuleIndex(rules: readonly string[]): string {
  const rows = rules.map((rule) => {
    const { why, fields, withheld } = readRuleComment(rule);
    return `| [\`${rule}\`](rules/${rule}.md) | ${[firstSentence(why), fields, withheld].map(cell).join(' | ')} |`;
  });
  return `# The rules

In the order in which they decide. A rule's name is its key in a policy, the name of its file in \`src/core/rules/\` and,
for all but the last two, Kubernetes' own field. Each has a page with pods before and after; \`make golden\` writes the
pages and this table from the rules' opening comments and fixtures.

| rule | why | fields | withheld |
|---|---|---|---|
${rows.join('\n')}

A pod is one of Windows by \`spec.os\`, else by the nodes that it selects or requires, else by \`windowsOptions\`; one that only
prefers Windows is not. A container that runs as uid 0 by its own words is told what fails without the capabilities that it
loses. Where a pod with kube-harden's annotations could not be stored, they are left out; where not even with the fields,
kube-harden refuses the pod, and only then.

What the author wrote at a rule's own field is always kept, and so is what the scope above has decided. An exception
of the policy withholds any rule. The reasons' stable codes are in [\`src/core/decisions/decision.ts\`](../src/core/decisions/decision.ts),
their sentences in [\`src/core/sentences.ts\`](../src/core/sentences.ts).
`;
}

function specOf(policy: Json): Json {
  return { spec: (policy as { readonly spec: Json }).spec };
}

function yaml(value: Json): string {
  return `\`\`\`yaml\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}\`\`\``;
}

function cell(text: string): string {
  return upperFirst(text).replaceAll('|', '\\|');
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Up to the first full stop that ends one, or a colon or semicolon that could. */
function firstSentence(text: string): string {
  return `${/^.*?(?=[.;:] [A-Z`a-z]|\.$)/.exec(text)?.[0] ?? text}.`;
}
