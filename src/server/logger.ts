import type { Logger } from 'winston';
import { createLogger, format, transports } from 'winston';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export const logLevels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

/** Makes a logger of one JSON object a line, to a stream. */
export function makeLogger(stream: NodeJS.WritableStream, level: LogLevel): Logger {
  return createLogger({
    level,
    format: format.combine(format.timestamp(), format.json({ deterministic: false })),
    transports: [new transports.Stream({ stream })],
  });
}
