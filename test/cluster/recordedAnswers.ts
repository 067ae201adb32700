import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json/json.ts';

/** What an API server answered, word for word. */
export interface RecordedAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export const recordingFile = join(import.meta.dirname, 'recorded', 'answers.json');

export function recorded(name: string): RecordedAnswer {
  const { answers } = JSON.parse(readFileSync(recordingFile, 'utf8')) as {
    readonly answers: Readonly<Record<string, RecordedAnswer>>;
  };
  const answer = answers[name];
  if (answer === undefined) throw new Error(`no answer called ${name} is recorded`);
  return answer;
}

export function recordedBody(name: string): JsonObject {
  return JSON.parse(recorded(name).body) as JsonObject;
}

/** The objects of a recorded watch, one a line. */
export function recordedEvents(name: string): readonly { readonly type: string; readonly object: JsonObject }[] {
  return recorded(name)
    .body.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; object: JsonObject });
}
