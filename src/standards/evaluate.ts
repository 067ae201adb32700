import type { JsonObject } from '../core/json/json.ts';
import type { Pod } from '../core/pod/pod.ts';
import { readPod } from '../core/pod/pod.ts';
import type { Check, Evaluate, Refusal } from './check.ts';
import { checks } from './checks.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** A minor version of Kubernetes, from 1.0. One that is newer than the newest change of the standards acts as latest. */
export type PssVersion = 'latest' | `1.${number}`;

export interface Violation {
  /** The check's identifier, as upstream names it. */
  readonly check: string;
  /** What the API server would say. */
  readonly message: string;
}

export interface PodLevel {
  /** The strictest level that the pod meets. */
  readonly level: Level;
  /** What keeps it from restricted, and from baseline where it does not meet that either; each check once. */
  readonly violations: readonly Violation[];
}

const minorVersion = /^v?(1\.(?:0|[1-9][0-9]*))$/;

/** Reads `latest`, `1.33` or `v1.33`, as in a namespace's `pod-security.kubernetes.io/enforce-version` label. */
export function parsePssVersion(text: string): PssVersion {
  const version = text === 'latest' ? text : minorVersion.exec(text)?.[1];
  if (version === undefined) {
    throw new Error(
      `${JSON.stringify(text)} is not a Pod Security version: expected "latest" or a minor version such as "1.33".`,
    );
  }
  return version as PssVersion;
}

/** What the Pod Security admission of the API server would hold against a pod; empty where it would allow it. */
export function evaluatePod(pod: JsonObject, level: Level, version: PssVersion): Violation[] {
  return violationsAt(readPod(pod), level, version);
}

/** The strictest level that a pod meets, and what keeps it from restricted. */
export function podLevel(pod: JsonObject, version: PssVersion): PodLevel {
  const read = readPod(pod);
  const restricted = violationsAt(read, 'restricted', version);
  if (restricted.length === 0) {
    return { level: 'restricted', violations: [] };
  }
  const baseline = violationsAt(read, 'baseline', version);
  if (baseline.length === 0) {
    return { level: 'baseline', violations: restricted };
  }
  const baselineChecks = new Set(baseline.map((violation) => violation.check));
  const restrictedOnly = restricted.filter((violation) => !baselineChecks.has(violation.check));
  return { level: 'privileged', violations: [...baseline, ...restrictedOnly] };
}

function violationsAt(pod: Pod, level: Level, version: PssVersion): Violation[] {
  const minor = version === 'latest' ? Number.POSITIVE_INFINITY : Number(version.slice('1.'.length));
  return checksAt(level, minor).flatMap(({ check, evaluate }) => {
    const refusal = evaluate(pod);
    return refusal === undefined ? [] : [{ check: check.id, message: messageOf(refusal) }];
  });
}

function messageOf({ reason, detail }: Refusal): string {
  return detail === '' ? reason : `${reason} (${detail})`;
}

interface CheckAtVersion {
  readonly check: Check;
  readonly evaluate: Evaluate;
}

/** The checks that count at a level in a version. Overriding counts only where the overriding check exists already. */
function checksAt(level: Level, minor: number): readonly CheckAtVersion[] {
  const counting = checks
    .filter((check) => check.level === level || (check.level === 'baseline' && level === 'restricted'))
    .flatMap((check) => {
      const current = check.versions.findLast((candidate) => candidate.minimumMinor <= minor);
      return current === undefined ? [] : [{ check, evaluate: current.evaluate }];
    });
  const overridden = new Set(counting.flatMap(({ check }) => check.overrides ?? []));
  return counting.filter(({ check }) => !overridden.has(check.id));
}
