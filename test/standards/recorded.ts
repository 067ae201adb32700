import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json/json.ts';

/** Upstream's verdicts, recorded so that holding ours against them needs no Go. */
export interface Recording {
  /** Upstream's module and its version. */
  readonly source: string;
  /** The newest minor version recorded; `latest` and all newer ones have its verdicts. */
  readonly newestMinor: number;
  readonly pods: readonly RecordedPod[];
}

export interface RecordedPod {
  readonly pod: JsonObject;
  /** Check and message of each violation, listed once. */
  readonly violations: readonly (readonly [string, string])[];
  readonly baseline: RecordedVerdicts;
  readonly restricted: RecordedVerdicts;
}

/** By minor version: indexes into the violations. A version that is not listed has the verdict of the one before. */
export type RecordedVerdicts = Readonly<Record<string, readonly number[]>>;

export const recordingFile = join(import.meta.dirname, 'recorded', 'verdicts.json');

export function readRecording(): Recording {
  return JSON.parse(readFileSync(recordingFile, 'utf8')) as Recording;
}
