import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Connection {
  /** The one below TLS, if there is any. */
  readonly socket: Socket;
  readonly address: string;
  /** Whether a request has come on it in whole before the last one. */
  hasServed: boolean;
  /** Its last request. */
  request: IncomingMessage | undefined;
  /** Requests that are not answered in full yet. */
  busy: number;
}

/** The connections of a server. */
export interface Connections {
  /** Cuts all of them off. */
  readonly destroy: () => void;
}

/**
 * Bounds the connections of a server, since each costs memory and a file descriptor. Whoever is one too many gets the
 * place of one that has never sent a whole request, be it that TLS, the headers or the body are not through; else of
 * one that is idle. Of those the address that has most of them loses one, the longest without a whole request. There is
 * no bound for an address by itself: all API servers may come from one, be it a proxy's.
 */
export function boundConnections(server: Server, most: number): Connections {
  /** By what only one connection at a time can have; in the order in which they were made, or last used. */
  const connections = new Map<string, Connection>();

  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    if (connections.size >= most) chooseLoser(connections)?.socket.destroy();
    // Nobody is there any more, or all others are at work.
    if (name === undefined || connections.size >= most) {
      socket.destroy();
      return;
    }
    const connection = { socket, address: socket.remoteAddress ?? '', hasServed: false, request: undefined, busy: 0 };
    connections.set(name, connection);
    socket.once('close', () => {
      if (connections.get(name) === connection) connections.delete(name);
    });
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const name = nameOf(request.socket) ?? '';
    const connection = connections.get(name);
    if (connection === undefined) return;
    connection.hasServed = hasServed(connection);
    connection.request = request;
    connection.busy += 1;
    response.once('close', () => {
      connection.busy -= 1;
      if (connections.get(name) !== connection) return;
      connections.delete(name);
      connections.set(name, connection);
    });
  });
  return {
    destroy: () => {
      for (const { socket } of connections.values()) socket.destroy();
    },
  };
}

function nameOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}

function hasServed({ hasServed, request }: Connection): boolean {
  return hasServed || request?.complete === true;
}

/** Takes it out as well, since its end is told later. */
function chooseLoser(connections: Map<string, Connection>): Connection | undefined {
  const all = [...connections];
  const unproven = all.filter(([, connection]) => !hasServed(connection));
  const candidates = unproven.length > 0 ? unproven : all.filter(([, { busy }]) => busy === 0);
  const counts = new Map<string, number>();
  for (const [, { address }] of candidates) counts.set(address, (counts.get(address) ?? 0) + 1);
  const [heaviest] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0]);
  const [name, loser] = candidates.find(([, { address }]) => address === heaviest) ?? [];
  if (name !== undefined) connections.delete(name);
  return loser;
}
