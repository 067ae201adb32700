import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** One address for several replicas, as a Service is: each new connection goes to the next one that takes it. */
export interface Balancer {
  readonly port: number;
  /** Replicas that connections go to from now on; those that there are stay. */
  readonly setPorts: (ports: readonly number[]) => void;
  readonly stop: () => void;
}

export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = [];
  let turn = 0;
  const open = new Set<Socket>();
  const server = createServer((incoming) => {
    open.add(incoming);
    incoming.on('close', () => open.delete(incoming));
    incoming.on('error', () => incoming.destroy());
    const tryNext = (attempts: number): void => {
      const port = ports[turn++ % ports.length];
      if (port === undefined || attempts === 0) {
        incoming.destroy();
        return;
      }
      const outgoing = connect(port, '127.0.0.1');
      outgoing.once('connect', () => {
        outgoing.off('error', onRefused);
        outgoing.on('error', () => incoming.destroy());
        outgoing.on('close', () => incoming.destroy());
        incoming.on('close', () => outgoing.destroy());
        incoming.pipe(outgoing).pipe(incoming);
      });
      const onRefused = (): void => tryNext(attempts - 1);
      outgoing.once('error', onRefused);
    };
    tryNext(ports.length);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    setPorts: (next) => {
      ports = next;
    },
    stop: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
