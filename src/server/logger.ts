import type { Logger } from 'winston';
import { createLogger, format, transports } from 'winston';
import { cutText } from './cutText.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** No name of Kubernetes' is longer than 253 characters; what is longer was made to fill a disk. */
const longestName = 256;

/** Fields with sentences or a stack in them, and their bound. */
const texts: ReadonlySet<string> = new Set(['message', 'error', 'problem']);
const longestText = 4096;

/**
 * Makes a logger of one JSON object a line, to a stream. Each string in it has a bound, since many come from whoever
 * sends requests.
 */
export function makeLogger(stream: NodeJS.WritableStream, level: LogLevel): Logger {
  return createLogger({
    level,
    // What is logged is plain data, for which format.json's care for cycles and big integers is twice the work.
    format: format.combine(
      format.timestamp(),
      format.printf((entry) => JSON.stringify(cutFields(entry))),
    ),
    transports: [new transports.Stream({ stream })],
  });
}

function cutFields(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const cut: Record<string, unknown> = {};
  for (const key in entry) cut[key] = cutField(entry[key], texts.has(key) ? longestText : longestName);
  return cut;
}

function cutField(value: unknown, most: number): unknown {
  if (typeof value === 'string') return cutText(value, most);
  return Array.isArray(value) ? value.map((item) => cutField(item, most)) : value;
}
