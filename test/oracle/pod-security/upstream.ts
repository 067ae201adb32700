import type { Json, JsonObject } from '../../../src/core/json/json.ts';
import { isJsonObject } from '../../../src/core/json/json.ts';
import type { Level, PssVersion, Violation } from '../../../src/standards/evaluate.ts';
import type { GoProgram } from '../goProgram.ts';
import { withGoProgram } from '../goProgram.ts';

export const upstreamModule = 'k8s.io/pod-security-admission';

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
  return withGoProgram(import.meta.dirname, (program) => {
    const [source = '', version = ''] = program
      .go(['list', '-m', '-f', '{{.Dir}}\n{{.Version}}', upstreamModule])
      .split('\n');
    return use({ source, version, ask: (questions) => inBatches(questions, (batch) => askOnce(program, batch)) });
  });
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

function askOnce(program: GoProgram, questions: readonly Question[]): readonly Verdict[] {
  const asked = questions.map(({ pod, level, version }) => ({
    pod: withDefaults(pod),
    level,
    version: version === 'latest' ? version : `v${version}`,
  }));
  return program.askLineByLine(asked).map(readVerdict);
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
