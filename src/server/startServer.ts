import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'winston';
import { makeApp } from './app.ts';
import type { CertificatePair } from './certificateFiles.ts';
import type { PolicyHolder } from './policyHolder.ts';

/** The API server keeps idle connections for 90 seconds: the server must not be the first to hang up. */
const keepAliveMilliseconds = 150_000;

/** No request of an API server takes longer: its own limit is 30 seconds. */
const requestMilliseconds = 35_000;

/** Headers come at once; who dribbles them holds a connection for nothing. */
const headersMilliseconds = 10_000;

const handshakeMilliseconds = 10_000;

export interface ServerOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly certificate: CertificatePair;
  readonly holder: PolicyHolder;
  readonly logger: Logger;
  readonly mostInFlight?: number;
}

export interface RunningServer {
  readonly port: number;
  /** Uses another certificate for the connections to come. */
  readonly setCertificate: (certificate: CertificatePair) => void;
  /** Is not ready any more, serves on for the drain time, finishes what is in flight; done when all is closed. */
  readonly close: (drainMilliseconds: number) => Promise<void>;
}

/**
 * Starts the webhook's HTTPS server.
 *
 * @throws what `listen` does: a port in use, an address that is none of the machine's.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, host, certificate, holder, logger, mostInFlight } = options;
  let isOpen = true;
  const app = makeApp({ holder, logger, isOpen: () => isOpen, ...(mostInFlight !== undefined && { mostInFlight }) });
  const server = createServer(
    {
      ...certificate,
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeMilliseconds,
      keepAliveTimeout: keepAliveMilliseconds,
      headersTimeout: headersMilliseconds,
      requestTimeout: requestMilliseconds,
    },
    app,
  );
  server.on('tlsClientError', (error) => logger.debug('handshake failed', { error: error.message }));
  server.listen({ port, ...(host !== undefined && { host }) });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    setCertificate: (next) => server.setSecureContext({ ...next, minVersion: 'TLSv1.2' }),
    close: async (drainMilliseconds) => {
      isOpen = false;
      await new Promise((resolve) => setTimeout(resolve, drainMilliseconds));
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}
