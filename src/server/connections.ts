import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Holder } from './places.ts';
import { makePlaces } from './places.ts';

interface Connection extends Holder {
  /** The one below TLS, if there is any. */
  readonly socket: Socket;
  /** Whether a request has been answered on it as only those are that the server is there for. */
  isProven: boolean;
  /** Its last request. */
  request: IncomingMessage | undefined;
  /** Requests that are not answered in full yet. */
  unanswered: number;
}

/** The connections of a server. */
export interface Connections {
  /** Cuts all of them off. */
  readonly destroy: () => void;
}

/**
 * Bounds the connections of a server, since each costs memory and a file descriptor. Whoever is one too many gets the
 * place of another one of the address that has most. There is no bound for an address by itself: all API servers may
 * come from one, be it a proxy's.
 *
 * @param proves whether the server is there for such requests: one that is answered 200 proves its connection.
 * @param now in milliseconds; never goes back.
 */
export function boundConnections(
  server: Server,
  most: number,
  proves: (request: IncomingMessage) => boolean,
  now = () => performance.now(),
): Connections {
  /** By what only one connection at a time can have. */
  const connections = new Map<string, Connection>();
  const places = makePlaces<Connection>(most, now);
  const forget = (name: string, connection: Connection | undefined): void => {
    if (connection === undefined || connections.get(name) !== connection) return;
    connections.delete(name);
    places.remove(connection);
  };

  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    // Nobody is there any more.
    if (name === undefined) {
      socket.destroy();
      return;
    }
    forget(name, connections.get(name));
    const connection = makeConnection(socket);
    connections.set(name, connection);
    socket.once('close', () => forget(name, connection));
    const loser = places.add(connection);
    if (loser === undefined) return;
    // Its end is told later.
    forget(nameOf(loser.socket) ?? '', loser);
    loser.socket.destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.get(nameOf(request.socket) ?? '');
    if (connection === undefined) return;
    connection.request = request;
    connection.unanswered += 1;
    if (places.doingOf(connection) === 'idle') places.move(connection, 'coming');
    response.once('close', () => {
      connection.unanswered -= 1;
      connection.isProven ||= response.writableFinished && response.statusCode === 200 && proves(request);
      if (!connection.isProven) places.move(connection, 'late');
      else places.move(connection, connection.unanswered === 0 ? 'idle' : 'coming');
    });
  });
  return {
    destroy: () => {
      for (const { socket } of connections.values()) socket.destroy();
    },
  };
}

function makeConnection(socket: Socket): Connection {
  const connection: Connection = {
    socket,
    address: socket.remoteAddress ?? '',
    isProven: false,
    request: undefined,
    unanswered: 0,
    // Of several requests all but the last one are there in whole.
    isAtWork: () => connection.unanswered > 1 || (connection.unanswered === 1 && connection.request?.complete === true),
  };
  return connection;
}

function nameOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}
