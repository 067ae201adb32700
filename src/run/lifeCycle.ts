import type { Logger } from 'winston';
import type { RunningServer } from '../server/startServer.ts';

/** What a process exits with that a fault has ended. */
const exitFault = 1;

/** The parts of a process that say when it has to end, and that end it. */
export interface Host {
  readonly on: (signal: string, listener: () => void) => unknown;
  readonly once: (event: 'uncaughtException', listener: (error: unknown) => void) => unknown;
  readonly exit: (code: number) => unknown;
  exitCode?: number | string | null | undefined;
}

/**
 * Ends the process well on SIGTERM and, at once, on SIGINT: the server drains, and the process exits with 0. On an exception that
 * nobody has caught the server stops at once, what is in flight is finished, and the process exits with 1.
 *
 * @param stop what else has to stop before the process can end
 */
export function endWithSignals(
  server: RunningServer,
  stop: () => void | Promise<void>,
  drainSeconds: number,
  logger: Logger,
  host: Host = process,
): void {
  let isEnding = false;
  const end = (signal: string): void => {
    if (isEnding) return;
    isEnding = true;
    // At a terminal nobody else is calling, and somebody is waiting.
    const seconds = signal === 'SIGINT' ? 0 : drainSeconds;
    logger.info('draining', { signal, drainSeconds: seconds });
    void Promise.all([stop(), server.close(seconds * 1000)]).then(() => logger.info('closed'));
  };
  for (const signal of ['SIGTERM', 'SIGINT']) host.on(signal, () => end(signal));
  // A process in a state that nobody foresaw must not go on admitting pods. Once: the next exception ends it right away.
  host.once('uncaughtException', (error) => {
    host.exitCode = exitFault;
    logger.error('uncaught exception', { error: error instanceof Error ? error.stack : String(error) });
    void server.close(0).finally(() => host.exit(exitFault));
  });
}
