import { endOf } from '../certificates/authority.ts';
import { makeThrowawayCertificate } from '../certificates/throwawayCertificate.ts';
import { makeKubeClient } from '../cluster/kubeClient.ts';
import type { WebhookTarget } from '../cluster/webhookConfiguration.ts';
import type { Policy } from '../core/policy/policy.ts';
import { builtInPolicies, loadPolicies } from '../files/policies.ts';
import { readCertificate } from '../server/certificateFiles.ts';
import type { LogLevel } from '../server/logger.ts';
import { makeLogger } from '../server/logger.ts';
import type { PolicyHolder } from '../server/policyHolder.ts';
import { endWithSignals } from './lifeCycle.ts';
import type { Address } from './listen.ts';
import { listen } from './listen.ts';
import type { GivenCertificate } from './servingCertificate.ts';
import { StartError } from './startError.ts';
import { startUpkeep } from './upkeep.ts';

export interface InClusterOptions extends Address {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly policies?: string;
  readonly defaultPolicy?: string;
  readonly webhookUrl?: string;
  readonly excludedNamespaces: readonly string[];
  readonly timeoutSeconds: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly caLifetime: number;
  readonly certificateLifetime: number;
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

const serviceName = 'kube-harden';

/** What an API server may take to hear that a replica ends; well below the 30 seconds after which Kubernetes kills it. */
const millisecondsToPart = 2000;

/**
 * Runs the webhook in a cluster until a signal ends it: policies are resources as well as files, and the certificate,
 * the webhook configuration and the policies' status are kept as they should be.
 *
 * @throws {PlainError} where it cannot start.
 */
export async function serveInCluster(options: InClusterOptions): Promise<void> {
  const { namespace, defaultPolicy, drainSeconds } = options;
  const logger = makeLogger(process.stdout, options.logLevel);
  const builtIn = await loadPolicies(options.policies ?? builtInPolicies);
  requireDefaultPolicy(options, builtIn);
  const given = await readGivenCertificate(options);
  const parting = new AbortController();
  const client = await makeKubeClient(options.kubeconfig, parting.signal);
  // Until there is a certificate, or policies, it is not ready, and nobody calls.
  const holder: PolicyHolder = { policies: undefined, hasCertificate: given !== undefined, claimsKey: undefined };
  const first = given?.certificate ?? (await makeThrowawayCertificate());
  const { server, metrics } = await listen(options, first, holder, logger);
  if (given !== undefined) metrics.setCertificateEnd(endOf(given.certificate.cert));
  const lifetimes = { authority: options.caLifetime, certificate: options.certificateLifetime };
  const target = makeTarget(options);
  const { excludedNamespaces, timeoutSeconds } = options;
  const webhooks = { namespace, defaultPolicy, target, excludedNamespaces, timeoutSeconds };
  const kept = { client, webhooks, builtIn, given, lifetimes, holder, server, metrics, logger };
  const upkeep = startUpkeep(kept);
  const stop = async (): Promise<void> => {
    metrics.close();
    const timer = setTimeout(() => parting.abort(), millisecondsToPart);
    await upkeep.stop();
    clearTimeout(timer);
  };
  endWithSignals(server, stop, drainSeconds, logger);
  logger.info('listening', { port: server.port, builtInPolicies: [...builtIn.keys()] });
}

function requireDefaultPolicy({ defaultPolicy }: InClusterOptions, builtIn: ReadonlyMap<string, Policy>): void {
  if (defaultPolicy === undefined || builtIn.has(defaultPolicy)) return;
  throw new StartError(`--default-policy ${defaultPolicy}: is none of ${[...builtIn.keys()].join(', ')}`);
}

async function readGivenCertificate({
  tlsCert,
  tlsKey,
  tlsCa,
}: InClusterOptions): Promise<GivenCertificate | undefined> {
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined || tlsCa === undefined) {
    throw new StartError('with --cluster, --tls-cert, --tls-key and --tls-ca go together');
  }
  const files = { certFile: tlsCert, keyFile: tlsKey, caFile: tlsCa };
  return { files, certificate: await readCertificate(files) };
}

function makeTarget({ webhookUrl, namespace }: InClusterOptions): WebhookTarget {
  if (webhookUrl !== undefined) return { url: webhookUrl.replace(/\/$/, '') };
  return { service: { name: serviceName, namespace, port: 443 } };
}
