import type { Logger } from 'winston';
import { createLogger, format, transports } from 'winston';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export const logLevels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

/** Makes a logger of one JSON object a line, to a stream. */
export function makeLogger(stream: NodeJS.WritableStream, level: LogLevel): Logger {
  return createLogger({
    level,
    // What is logged is plain data, for which format.json's care for cycles and big integers is twice the work.
    format: format.combine(
      format.timestamp(),
      format.printf((entry) => JSON.stringify(entry)),
    ),
    transports: [new transports.Stream({ stream })],
  });
}
