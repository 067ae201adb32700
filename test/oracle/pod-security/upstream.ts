import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { isJsonObject } from '../../../src/core/json.ts';
import type { Level, PssVersion, Violation } from '../../../src/standards/evaluate.ts';

export const upstreamModule = 'k8s.io/pod-security-admission';

/** What can be told in one line, without a stack. */
export class OracleError extends Error {}

export interface Question {
  readonly pod: JsonObject;
  readonly level: Level;
  readonly version: PssVersion;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly violations: readonly Violation[];
}

export interface Upstream {
  /** The folder of upstream's source in the module cache. */
  readonly source: string;
  readonly version: string;
  ask(questions: readonly Question[]): readonly Verdict[];
}

/** Builds the oracle, lends it, and removes it. */
export function withUpstream<Result>(use: (upstream: Upstream) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'pod-security-oracle-'));
  try {
    const program = join(folder, 'oracle');
    go(['build', '-o', program, '.']);
    const [source = '', version = ''] = go(['list', '-m', '-f', '{{.Dir}}\n{{.Version}}', upstreamModule]).split('\n');
    return use({ source, version, ask: (questions) => inBatches(questions, (batch) => askOnce(program, batch)) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// One batch is some 10 MB of text.
const batchSize = 5000;

function inBatches(questions: readonly Question[], ask: (batch: readonly Question[]) => readonly Verdict[]): Verdict[] {
  const verdicts: Verdict[] = [];
  for (let start = 0; start < questions.length; start += batchSize) {
    verdicts.push(...ask(questions.slice(start, start + batchSize)));
  }
  return verdicts;
}

function askOnce(program: string, questions: readonly Question[]): readonly Verdict[] {
  const lines = questions.map(({ pod, level, version }) =>
    JSON.stringify({ pod: withDefaults(pod), level, version: version === 'latest' ? version : `v${version}` }),
  );
  const answers = run(program, [], lines.join('\n')).trimEnd().split('\n');
  if (answers.length !== questions.length) {
    throw new OracleError(`The oracle answered ${answers.length} of ${questions.length} questions.`);
  }
  return answers.map(readVerdict);
}

/**
 * What the API server does to a pod before it judges it, as far as a verdict depends on it: a volume of no type becomes
 * an emptyDir. The code for that is in Kubernetes itself, not in upstream's module.
 */
function withDefaults(pod: JsonObject): JsonObject {
  const { spec } = pod;
  if (!isJsonObject(spec) || !Array.isArray(spec.volumes)) {
    return pod;
  }
  return { ...pod, spec: { ...spec, volumes: spec.volumes.map(withDefaultType) } };
}

function withDefaultType(volume: Json): Json {
  const { name, ...types } = isJsonObject(volume) ? volume : {};
  return Object.values(types).every((type) => type === null) ? { ...(name && { name }), emptyDir: {} } : volume;
}

interface UpstreamVerdict {
  readonly allowed: boolean;
  readonly violations: readonly { readonly check: string; readonly reason: string; readonly detail: string }[];
}

/** Puts reason and detail together as upstream's AggregateCheckResult.ForbiddenDetail does. */
function readVerdict(line: string): Verdict {
  const { allowed, violations } = JSON.parse(line) as UpstreamVerdict;
  return {
    allowed,
    violations: violations.map(({ check, reason, detail }) => ({
      check,
      message: detail === '' ? reason : `${reason} (${detail})`,
    })),
  };
}

function go(parameters: readonly string[]): string {
  return run('go', parameters, '');
}

function run(program: string, parameters: readonly string[], input: string): string {
  const { error, status, stdout, stderr } = spawnSync(program, parameters, {
    cwd: import.meta.dirname,
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined) {
    const isMissing = 'code' in error && error.code === 'ENOENT';
    throw new OracleError(
      isMissing ? `${program} was not found: comparing with upstream needs Go 1.26 or newer.` : error.message,
    );
  }
  if (status !== 0) {
    throw new OracleError(`${program} ${parameters.join(' ')} failed: ${stderr.trim().replaceAll('\n', '; ')}`);
  }
  return stdout;
}

/** Runs a script so that what is expected to go wrong is told in one line. */
export function runScript(script: () => void): void {
  try {
    script();
  } catch (error) {
    if (!(error instanceof OracleError)) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
