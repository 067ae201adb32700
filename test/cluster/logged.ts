import { PassThrough } from 'node:stream';
import type { Logger } from 'winston';
import { makeLogger } from '../../src/server/logger.ts';

/** A logger, and what was logged by it: each line's level, message and fields, without its time. */
export function makeLogged(): { readonly logger: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const sink = new PassThrough();
  sink.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) {
      const { timestamp: _, ...fields } = JSON.parse(line) as Record<string, unknown>;
      lines.push(fields);
    }
  });
  return { logger: makeLogger(sink, 'info'), lines };
}
