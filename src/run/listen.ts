import type { Logger } from 'winston';
import type { KeyPair } from '../certificates/issueCertificate.ts';
import type { Metrics } from '../server/metrics.ts';
import { noMetrics } from '../server/metrics.ts';
import type { PolicyHolder } from '../server/policyHolder.ts';
import { serveMetrics } from '../server/serveMetrics.ts';
import type { RunningServer } from '../server/startServer.ts';
import { startServer } from '../server/startServer.ts';
import { makeTraffic } from '../server/traffic.ts';
import { StartError } from './startError.ts';

/** Where to listen. */
export interface Address {
  readonly port: number;
  /** All of the machine's where it is missing. */
  readonly host?: string;
  readonly metricsPort?: number;
}

/** A server, and its metrics if anybody wants them. */
export interface Listening {
  readonly server: RunningServer;
  readonly metrics: Metrics & { readonly close: () => void };
}

/**
 * Starts the server, and that of its metrics.
 *
 * @throws {StartError} where the port or the address is not to be had.
 */
export async function listen(
  { port, host, metricsPort }: Address,
  { cert, key }: KeyPair,
  holder: PolicyHolder,
  logger: Logger,
): Promise<Listening> {
  const traffic = makeTraffic();
  const at = async <Server>(wanted: number, listening: Promise<Server>): Promise<Server> => {
    try {
      return await listening;
    } catch (error) {
      throw explainListening(error, wanted, host);
    }
  };
  const metrics =
    metricsPort === undefined
      ? { ...noMetrics, close: () => {} }
      : await at(metricsPort, serveMetrics({ port: metricsPort, host }, traffic, logger));
  const options = { port, host, certificate: { cert, key }, holder, logger, traffic, metrics, isWarm: true };
  return { server: await at(port, startServer(options)), metrics };
}

function explainListening(error: unknown, port: number, host: string | undefined): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return new StartError(`port ${port} is in use: choose another one with --port`);
  if (code === 'EACCES')
    return new StartError(`port ${port} needs rights that this user has not: choose one from 1024`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return new StartError(`${host}: is no address of this machine`);
  return error;
}
