import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'winston';
import { endOf } from '../certificates/authority.ts';
import type { KeyPair } from '../certificates/issueCertificate.ts';
import { makeApp } from './app.ts';
import { answerClientErrors } from './clientErrors.ts';
import { boundConnections } from './connections.ts';
import type { LargeReviews } from './largeReviews.ts';
import { makeLargeReviews } from './largeReviews.ts';
import type { Metrics } from './metrics.ts';
import type { PolicyHolder } from './policyHolder.ts';
import type { BodyLimits } from './receiveBody.ts';
import type { Traffic } from './traffic.ts';
import { reviewsInFlight } from './traffic.ts';

/** The API server keeps idle connections for 90 seconds: the server must not be the first to hang up. */
const keepAliveMilliseconds = 150_000;

/** Handshake and headers come at once; who dribbles them holds a connection for nothing. */
const handshakeMilliseconds = 5000;
const headersMilliseconds = 5000;

/** For whatever has slipped through the other bounds: longer than headers and body may take together. */
const requestMilliseconds = 10_000;

/** How often Node looks for headers and requests that are late. */
const millisecondsBetweenChecks = 500;

/**
 * An API server keeps 25 idle connections to a host and has 600 requests under way at most, 200 of which change
 * something: k8s.io/client-go transport/cache.go, k8s.io/apiserver pkg/server/config.go. A connection takes some 60 KB,
 * and a process has at least a thousand file descriptors, as a rule.
 */
const mostConnections = 960;

/** Of what comes by POST reviews alone are answered 200. */
const isReview = ({ method }: IncomingMessage): boolean => method === 'POST';

/** What is under way when the drain time is over has so long to come to its end; a review takes far less. */
const finishMilliseconds = 3000;

/** How often the end of what is under way is looked for. */
const millisecondsBetweenLooks = 20;

export interface ServerOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly certificate: KeyPair;
  readonly holder: PolicyHolder;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly metrics: Metrics;
  readonly mostInFlight?: number;
  readonly limits?: Partial<BodyLimits>;
  readonly mostConnections?: number;
  readonly largeReviews?: LargeReviews;
  /** Whether the first large review must not wait for its thread to start. */
  readonly isWarm?: boolean;
}

export interface RunningServer {
  readonly port: number;
  /** Uses another certificate for the connections to come, and tells the metrics when it ends. */
  readonly setCertificate: (certificate: KeyPair) => void;
  /** Is not ready any more, serves on for the drain time, finishes what is in flight, cuts off the rest. */
  readonly close: (drainMilliseconds: number) => Promise<void>;
}

/**
 * Starts the webhook's HTTPS server.
 *
 * @throws what `listen` does: a port in use, an address that is none of the machine's.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, host, certificate, logger, traffic, metrics } = options;
  const largeReviews = options.largeReviews ?? makeLargeReviews(logger);
  if (options.isWarm === true) largeReviews.warmUp();
  const app = makeApp({ ...options, largeReviews });
  const server = createServer(
    {
      ...certificate,
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeMilliseconds,
      keepAliveTimeout: keepAliveMilliseconds,
      headersTimeout: headersMilliseconds,
      requestTimeout: requestMilliseconds,
      connectionsCheckingInterval: millisecondsBetweenChecks,
    },
    app,
  );
  const connections = boundConnections(server, options.mostConnections ?? mostConnections, isReview);
  answerClientErrors(server, logger);
  server.on('tlsClientError', (error) => logger.debug('handshake failed', { error: error.message }));
  server.listen({ port, ...(host !== undefined && { host }) });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    // Of what else the files hold, the CA for one, nothing is for whoever connects.
    setCertificate: ({ cert, key }) => {
      server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
      metrics.setCertificateEnd(endOf(cert));
    },
    close: async (drainMilliseconds) => {
      traffic.isOpen = false;
      await sleep(drainMilliseconds);
      const closed = once(server, 'close');
      server.close();
      const deadline = performance.now() + finishMilliseconds;
      while (traffic.receiving + reviewsInFlight(traffic) > 0 && performance.now() < deadline)
        await sleep(millisecondsBetweenLooks);
      // Node takes connections that have not sent anything yet for busy ones, and stops its own time-outs on closing.
      connections.destroy();
      await largeReviews.close();
      await closed;
    },
  };
}
