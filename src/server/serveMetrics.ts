import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Logger } from 'winston';
import { boundConnections } from './connections.ts';
import type { Metrics } from './metrics.ts';
import type { Traffic } from './traffic.ts';
import { reviewsInFlight } from './traffic.ts';

/** In seconds: a review takes some tens of microseconds, and the API server waits for three seconds. */
const durationBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 3];

/** A few of whoever scrapes; nobody else has any business there. */
const mostConnections = 32;

/** How long a request may take to come. */
const milliseconds = 5000;

export interface MetricsServer extends Metrics {
  readonly port: number;
  readonly close: () => void;
}

/**
 * Serves metrics for Prometheus, over plain HTTP on a port of their own, which no API server calls.
 *
 * @throws what `listen` does.
 */
export async function serveMetrics(
  { port, host }: { port: number; host: string | undefined },
  traffic: Traffic,
  logger: Logger,
): Promise<MetricsServer> {
  const { Registry, Counter, Gauge, Histogram, collectDefaultMetrics } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const reviews = new Histogram({
    name: 'kube_harden_review_duration_seconds',
    help: 'How long it took to answer a review, from its body on.',
    labelNames: ['policy', 'mode'],
    buckets: durationBuckets,
    registers,
  });
  // Counted in a plain map, since a review has some ten of them, and told when somebody asks.
  const decided = new Map<string, { count: number; labels: Record<'action' | 'field' | 'reason', string> }>();
  new Counter({
    name: 'kube_harden_decisions_total',
    help: 'What was added, kept, withheld and removed, by field and reason.',
    labelNames: ['action', 'field', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { count, labels } of decided.values()) this.inc(labels, count);
    },
  });
  const failures = new Counter({
    name: 'kube_harden_failures_total',
    help: 'Reviews that got an HTTP error, by its status: failurePolicy has decided.',
    labelNames: ['status'],
    registers,
  });
  const policies = new Counter({
    name: 'kube_harden_policy_changes_total',
    help: 'Changes of HardeningPolicy resources, by what became of them.',
    labelNames: ['result'],
    registers,
  });
  // Told once it is known: 0 would say that nobody leads where there is nothing to lead.
  const gauge = (name: string, help: string): { set: (value: number) => void } => {
    let made: InstanceType<typeof Gauge> | undefined;
    return {
      set: (value) => {
        made ??= new Gauge({ name, help, registers });
        made.set(value);
      },
    };
  };
  const refused = gauge('kube_harden_policies_refused', 'HardeningPolicy resources whose present spec is refused.');
  const certificateEnd = gauge(
    'kube_harden_certificate_expiry_timestamp_seconds',
    'When the certificate in use ends, in seconds since 1970.',
  );
  const certificateValid = gauge(
    'kube_harden_certificate_valid',
    "Whether the certificate in use is good now, by this machine's clock or the API server's.",
  );
  const clockDifference = gauge(
    'kube_harden_clock_difference_seconds',
    "How far this machine's clock is ahead of the API server's.",
  );
  const inSync = gauge(
    'kube_harden_webhook_configuration_in_sync',
    'Whether entries and caBundle are as they have to be, as this replica sees it.',
  );
  const leader = gauge('kube_harden_leader', 'Whether this replica is the one that writes.');
  new Gauge({
    name: 'kube_harden_reviews_in_flight',
    help: 'Reviews that are not answered in full yet.',
    registers,
    collect() {
      this.set(reviewsInFlight(traffic));
    },
  });

  const timeouts = { headersTimeout: milliseconds, requestTimeout: milliseconds, connectionsCheckingInterval: 500 };
  const server = createServer(timeouts, (request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end('there is GET /metrics\n');
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      (error: unknown) => {
        logger.error('metrics not told', { error: error instanceof Error ? error.stack : String(error) });
        response.writeHead(500).end();
      },
    );
  });
  boundConnections(server, mostConnections, () => true);
  server.listen({ port, ...(host !== undefined && { host }) });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
    countReview: (policy, mode, tallies, seconds) => {
      reviews.observe({ policy, mode }, seconds);
      for (const { action, rule, reason, count } of tallies) {
        const key = `${action} ${rule} ${reason}`;
        const known = decided.get(key);
        if (known !== undefined) known.count += count;
        else decided.set(key, { count, labels: { action, field: rule, reason } });
      }
    },
    countFailure: (status) => failures.inc({ status: String(status) }),
    countPolicy: (result) => policies.inc({ result }),
    setRefusedPolicies: (count) => refused.set(count),
    setCertificateEnd: (milliseconds) => certificateEnd.set(milliseconds / 1000),
    setCertificateValid: (isValid) => certificateValid.set(Number(isValid)),
    setClockDifference: (milliseconds) => clockDifference.set(milliseconds / 1000),
    setInSync: (isInSync) => inSync.set(Number(isInSync)),
    setLeader: (isLeader) => leader.set(Number(isLeader)),
  };
}
