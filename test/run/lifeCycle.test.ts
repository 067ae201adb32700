import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { endWithSignals } from '../../src/run/lifeCycle.ts';
import type { RunningServer } from '../../src/server/startServer.ts';
import { makeLogged } from '../cluster/logged.ts';

describe('endWithSignals', () => {
  /** A process that only notes how it ends. */
  function start(stop: () => void | Promise<void> = () => {}) {
    const [told, logged] = [[] as string[], makeLogged()];
    const host = Object.assign(new EventEmitter(), {
      exitCode: undefined as number | undefined,
      exit: (code: number) => told.push(`exit ${code}`),
    });
    const server = {
      close: async (milliseconds: number) => void told.push(`close ${milliseconds}`),
    } as Partial<RunningServer> as RunningServer;
    const stopping = async (): Promise<void> => {
      told.push('stop');
      await stop();
    };
    endWithSignals(server, stopping, 7, logged.logger, host);
    const send = async (signal: string, ...details: unknown[]): Promise<void> => {
      host.emit(signal, ...details);
      for (let count = 0; count < 5; count += 1) await turn();
    };
    return { told, host, send, lines: logged.lines };
  }

  it('drains on SIGTERM, and leaves the end to the event loop', async () => {
    const { told, send, lines, host } = start();
    await send('SIGTERM');
    expect(told).to.deep.equal(['stop', 'close 7000']);
    expect(host.exitCode).to.equal(undefined);
    expect(lines).to.deep.equal([
      { level: 'info', message: 'draining', signal: 'SIGTERM', drainSeconds: 7 },
      { level: 'info', message: 'closed' },
    ]);
  });

  it('does not wait at a terminal', async () => {
    const { told, send } = start();
    await send('SIGINT');
    expect(told).to.deep.equal(['stop', 'close 0']);
  });

  it('ends once, however often it is told', async () => {
    const { told, send, lines } = start();
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT']) await send(signal);
    expect(told).to.deep.equal(['stop', 'close 7000']);
    expect(lines.map(({ message }) => message)).to.deep.equal(['draining', 'closed']);
  });

  it('is not closed before all has stopped', async () => {
    let finish = (): void => {};
    const { send, lines } = start(() => new Promise((resolve) => (finish = resolve)));
    await send('SIGTERM');
    expect(lines.map(({ message }) => message)).to.deep.equal(['draining']);
    finish();
    await turn();
    await turn();
    expect(lines.map(({ message }) => message)).to.deep.equal(['draining', 'closed']);
  });

  it('exits with 1 after an exception, once what is in flight is finished', async () => {
    const { told, send, lines, host } = start();
    await send('uncaughtException', new Error('a fault'));
    expect(told).to.deep.equal(['close 0', 'exit 1']);
    expect(host.exitCode).to.equal(1);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ level: 'error', message: 'uncaught exception' });
    expect(lines[0]?.['error']).to.match(/^Error: a fault\n {4}at /);
    // The next one finds nobody, and ends a real process right away.
    expect(host.listenerCount('uncaughtException')).to.equal(0);
  });
});
