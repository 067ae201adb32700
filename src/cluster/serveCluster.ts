import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { endOf } from '../certificates/authority.ts';
import type { JsonObject } from '../core/json.ts';
import { builtInPolicies, loadPolicies } from '../files/policies.ts';
import type { Certificate, CertificateFiles } from '../server/certificateFiles.ts';
import { readCertificate, watchCertificate } from '../server/certificateFiles.ts';
import { endWithSignals } from '../server/lifeCycle.ts';
import type { LogLevel } from '../server/logger.ts';
import { makeLogger } from '../server/logger.ts';
import type { PolicyHolder } from '../server/policyHolder.ts';
import { listenOrExplain, StartError } from '../server/serve.ts';
import { makeThrowawayCertificate } from '../server/throwawayCertificate.ts';
import { followObjects } from './followObjects.ts';
import { makeAuthorityKeeper } from './keepAuthority.ts';
import { configurationName, configurationsPath, makeConfigurationKeeper } from './keepConfiguration.ts';
import { makePolicyKeeper } from './keepPolicies.ts';
import { makeKubeClient } from './kubeClient.ts';
import { competeForLease } from './lease.ts';
import { makeLoop } from './loop.ts';
import { policiesPath } from './policyResource.ts';
import type { WebhookTarget } from './webhookConfiguration.ts';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly policies?: string;
  readonly defaultPolicy?: string;
  readonly port: number;
  readonly host?: string;
  readonly metricsPort?: number;
  readonly webhookUrl?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly caLifetime: number;
  readonly certificateLifetime: number;
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

const serviceName = 'kube-harden';
const caSecret = 'kube-harden-ca';
const leaseName = 'kube-harden';

/** What an API server may take to hear that a replica ends; well below the 30 seconds after which Kubernetes kills it. */
const millisecondsToPart = 2000;

/**
 * Runs the webhook in a cluster until a signal ends it: policies are resources as well as files, and the certificate,
 * the webhook configuration and the policies' status are kept as they should be.
 *
 * @throws {PlainError} where it cannot start.
 */
export async function serveCluster(options: ClusterOptions): Promise<void> {
  const logger = makeLogger(process.stdout, options.logLevel);
  const builtIn = await loadPolicies(options.policies ?? builtInPolicies);
  const { defaultPolicy, namespace } = options;
  if (defaultPolicy !== undefined && !builtIn.has(defaultPolicy)) {
    throw new StartError(`--default-policy ${defaultPolicy}: is none of ${[...builtIn.keys()].join(', ')}`);
  }
  const given = await readFiles(options);
  const parting = new AbortController();
  const client = await makeKubeClient(options.kubeconfig, parting.signal);
  // Until there is a certificate, or policies, it is not ready, and nobody calls.
  const holder: PolicyHolder = { policies: undefined, hasCertificate: given !== undefined };
  const first = given?.certificate ?? (await makeThrowawayCertificate());
  const { server, metrics } = await listenOrExplain(options, first, holder, logger);

  if (given !== undefined) metrics.setCertificateEnd(endOf(given.certificate.cert));
  metrics.setLeader(false);
  metrics.setInSync(false);
  let ca = given?.certificate.ca;
  const ending = new AbortController();
  const { signal } = ending;
  const target = makeTarget(options);
  const policies = makePolicyKeeper({ client, builtIn, defaultPolicy, holder, metrics, logger });
  const configuration = makeConfigurationKeeper(client, logger);
  const authority = makeAuthorityKeeper({
    client,
    namespace,
    secret: caSecret,
    serverNames: serverNames(target),
    lifetimes: { authority: options.caLifetime, certificate: options.certificateLifetime },
    setCertificate: (certificate) => {
      server.setCertificate(certificate);
      holder.hasCertificate = true;
    },
    logger,
  });
  const loop = makeLoop(logger, signal);
  const leadership = competeForLease(client, {
    namespace,
    name: leaseName,
    identity: `${hostname()}_${randomUUID()}`,
    onChange: (isLeader) => {
      metrics.setLeader(isLeader);
      loop.wake();
    },
    logger,
    signal,
  });
  const reconcile = async (): Promise<void> => {
    if (given === undefined) {
      if (leadership.isLeader()) await authority.keepSecret(configuration.trustedSince);
      await authority.keepCertificate();
    }
    const caBundle = ca ?? authority.bundle();
    if (holder.policies === undefined || caBundle === undefined) return;
    const names = [...holder.policies.keys()];
    const choices = { policies: names, defaultPolicy, target, caBundle, namespace };
    if (leadership.isLeader()) await configuration.keep(choices);
    metrics.setInSync(configuration.isTrue(choices));
    if (leadership.isLeader()) await policies.tell();
  };
  const only = (name: string): string => `?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
  const follow = (path: string, see: (objects: ReadonlyMap<string, JsonObject>) => void): Promise<void> => {
    const seeAndWake = (objects: ReadonlyMap<string, JsonObject>): void => {
      see(objects);
      loop.wake();
    };
    return followObjects(client, path, seeAndWake, { logger, signal });
  };
  const running = [
    follow(policiesPath, policies.see),
    follow(`${configurationsPath}${only(configurationName)}`, configuration.see),
    // Given a certificate, it needs no CA of its own, and no right to read one.
    ...(given === undefined ? [follow(`/api/v1/namespaces/${namespace}/secrets${only(caSecret)}`, authority.see)] : []),
    loop.run(reconcile),
    leadership.done,
  ];
  const stopWatching =
    given === undefined
      ? () => {}
      : watchCertificate(
          given.files,
          given.certificate,
          (certificate) => {
            server.setCertificate(certificate);
            ca = certificate.ca;
            loop.wake();
          },
          logger,
        );
  const stop = async (): Promise<void> => {
    stopWatching();
    metrics.close();
    ending.abort();
    const timer = setTimeout(() => parting.abort(), millisecondsToPart);
    await Promise.all(running);
    clearTimeout(timer);
  };
  endWithSignals(server, stop, options.drainSeconds, logger);
  logger.info('listening', { port: server.port, builtInPolicies: [...builtIn.keys()] });
}

interface ReadFiles {
  readonly files: CertificateFiles;
  readonly certificate: Certificate;
}

async function readFiles({ tlsCert, tlsKey, tlsCa }: ClusterOptions): Promise<ReadFiles | undefined> {
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined || tlsCa === undefined) {
    throw new StartError('with --cluster, --tls-cert, --tls-key and --tls-ca go together');
  }
  const files = { certFile: tlsCert, keyFile: tlsKey, caFile: tlsCa };
  return { files, certificate: await readCertificate(files) };
}

function makeTarget({ webhookUrl, namespace }: ClusterOptions): WebhookTarget {
  if (webhookUrl !== undefined) return { url: webhookUrl.replace(/\/$/, '') };
  return { service: { name: serviceName, namespace, port: 443 } };
}

/** What the API server asks for by SNI, or in a URL. */
function serverNames(target: WebhookTarget): readonly string[] {
  if ('url' in target) return [new URL(target.url).hostname];
  const { name, namespace } = target.service;
  return [`${name}.${namespace}.svc`];
}
