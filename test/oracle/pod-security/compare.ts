// Holds src/standards against Kubernetes' own implementation: on its fixtures, then on random pods. Needs Go.
//
//   node test/oracle/pod-security/compare.ts [--cases 30000] [--seed 1]

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { JsonObject } from '../../../src/core/json/json.ts';
import type { Level, PssVersion, Violation } from '../../../src/standards/evaluate.ts';
import { evaluatePod, parsePssVersion } from '../../../src/standards/evaluate.ts';
import { arbitraryLevel, arbitraryPod, arbitraryVersion } from '../../standards/arbitraryPod.ts';
import { OracleError, runScript } from '../goProgram.ts';
import type { Question, Upstream } from './upstream.ts';
import { withUpstream } from './upstream.ts';

interface Fixture extends Question {
  readonly file: string;
  readonly allowed: boolean;
}

runScript(() => {
  const { values } = parseArgs({
    options: { cases: { type: 'string', default: '30000' }, seed: { type: 'string', default: '1' } },
  });
  withUpstream((upstream) => {
    const fixtures = readFixtures(upstream);
    compareFixtures(fixtures);
    compareVerdicts(upstream, fixtures, 'fixtures');
    compareVerdicts(upstream, randomQuestions(Number(values.cases), Number(values.seed)), 'random pods');
  });
});

function readFixtures({ source }: Upstream): readonly Fixture[] {
  const root = join(source, 'test', 'testdata');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => readFixture(root, file));
}

/** A fixture's folders tell what is expected of it: `restricted/v1.37/fail/runasnonroot0.yaml`. */
function readFixture(root: string, file: string): Fixture {
  const [level = '', version = '', expected = ''] = file.split('/');
  return {
    file,
    pod: parse(readFileSync(join(root, file), 'utf8')) as JsonObject,
    level: level as Level,
    version: parsePssVersion(version),
    allowed: expected === 'pass',
  };
}

function compareFixtures(fixtures: readonly Fixture[]): void {
  const wrong = fixtures.filter(
    ({ pod, level, version, allowed }) => (evaluatePod(pod, level, version).length === 0) !== allowed,
  );
  if (wrong.length > 0) {
    throw new OracleError(
      `Judged otherwise than upstream's fixtures expect: ${wrong.map(({ file }) => file).join(', ')}`,
    );
  }
  const versions = new Set(fixtures.map(({ version }) => version));
  tell(`${fixtures.length} fixtures of ${versions.size} versions are judged as upstream expects.`);
}

function compareVerdicts(upstream: Upstream, questions: readonly Question[], source: string): void {
  const verdicts = upstream.ask(questions);
  const differing = questions.filter(({ pod, level, version }, index) => {
    const violations = evaluatePod(pod, level, version);
    const verdict = verdicts[index];
    return (violations.length === 0) !== verdict?.allowed || !areEqual(violations, verdict.violations);
  });
  const [first] = differing;
  if (first !== undefined) {
    const [theirs] = upstream.ask([first]);
    const ours = evaluatePod(first.pod, first.level, first.version);
    tell(JSON.stringify({ ...first, upstream: theirs?.violations, ours }, undefined, 2));
    throw new OracleError(
      `${differing.length} of ${questions.length} ${source} are judged otherwise than by upstream.`,
    );
  }
  tell(
    `${questions.length} verdicts on ${source} are upstream's (${shares(
      questions,
      verdicts.map((v) => v.violations),
    )}).`,
  );
}

function areEqual(left: readonly Violation[], right: readonly Violation[]): boolean {
  const asText = (violations: readonly Violation[]) =>
    JSON.stringify(violations.map(({ check, message }) => [check, message.toWellFormed()]));
  return asText(left) === asText(right);
}

/** How much a comparison is worth: what was allowed at each level, and how often each check refused. */
function shares(questions: readonly Question[], violations: readonly (readonly Violation[])[]): string {
  const allowed = new Map<string, number>();
  const refused = new Map<string, number>();
  for (const [index, { level }] of questions.entries()) {
    const found = violations[index] ?? [];
    allowed.set(level, (allowed.get(level) ?? 0) + (found.length === 0 ? 1 : 0));
    for (const { check } of found) {
      refused.set(check, (refused.get(check) ?? 0) + 1);
    }
  }
  const listed = (counts: ReadonlyMap<string, number>) =>
    [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  return `allowed: ${listed(allowed)}; refused: ${listed(refused)}`;
}

function randomQuestions(count: number, seed: number): readonly Question[] {
  const question = fc.tuple(arbitraryPod, arbitraryLevel, arbitraryVersion);
  return fc
    .sample(question, { numRuns: count, seed })
    .map(([pod, level, version]: [JsonObject, Level, PssVersion]) => ({ pod, level, version }));
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
