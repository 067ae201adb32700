import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'winston';
import type { Lifetimes } from '../certificates/authority.ts';
import { momentOf } from '../certificates/moment.ts';
import type { UseTellerOptions } from '../cluster/certificateUse.ts';
import { followObjects } from '../cluster/followObjects.ts';
import { makeAuthorityKeeper } from '../cluster/keepAuthority.ts';
import { makeClaimsKeyKeeper } from '../cluster/keepClaimsKey.ts';
import { configurationName, configurationsPath, makeConfigurationKeeper } from '../cluster/keepConfiguration.ts';
import type { PolicyKeeper } from '../cluster/keepPolicies.ts';
import { makePolicyKeeper } from '../cluster/keepPolicies.ts';
import type { ConnectedClient } from '../cluster/kubeClient.ts';
import { competeForLease } from '../cluster/lease.ts';
import type { Loop } from '../cluster/loop.ts';
import { makeLoop } from '../cluster/loop.ts';
import { policiesPath } from '../cluster/policyResource.ts';
import type { WebhookChoices, WebhookTarget } from '../cluster/webhookConfiguration.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { Policy } from '../core/policy/policy.ts';
import { makeClaimsKey } from '../server/claimsKey.ts';
import type { PolicyHolder } from '../server/policyHolder.ts';
import { makeClockWatch } from './clockWatch.ts';
import type { Listening } from './listen.ts';
import { reconcile } from './reconcile.ts';
import type { GivenCertificate, ServingCertificate } from './servingCertificate.ts';
import { serveGiven, serveIssued } from './servingCertificate.ts';

const caSecret = 'kube-harden-ca';
const claimsSecret = 'kube-harden-claims';
const leaseName = 'kube-harden';

/** Between two rounds of judging, in milliseconds: what changes is in force within a second. */
const longestRest = 500;

export interface UpkeepOptions extends Listening {
  readonly client: ConnectedClient;
  /** What the webhook configuration says, apart from what changes while it runs. */
  readonly webhooks: Omit<WebhookChoices, 'policies' | 'caBundle'>;
  readonly builtIn: ReadonlyMap<string, Policy>;
  /** Undefined where the certificate is kube-harden's own to make. */
  readonly given: GivenCertificate | undefined;
  readonly lifetimes: Lifetimes;
  readonly holder: PolicyHolder;
  readonly logger: Logger;
}

/** All that looks after the install while the server answers reviews; none of it is needed to answer one. */
export interface Upkeep {
  /** Ends it, and hands the Lease back. */
  readonly stop: () => Promise<void>;
}

/** What each part of the upkeep works with. */
interface Workshop extends UpkeepOptions {
  readonly loop: Loop;
  readonly signal: AbortSignal;
}

/**
 * Starts the upkeep: informers of the policies, the webhook configuration and the CA's Secret, leader election by a
 * Lease, and the reconciler that goes round after each change and each second.
 */
export function startUpkeep(options: UpkeepOptions): Upkeep {
  const { client, webhooks, holder, metrics, logger } = options;
  const { namespace } = webhooks;
  metrics.setLeader(false);
  metrics.setInSync(false);
  const ending = new AbortController();
  const { signal } = ending;
  // Each in rounds of its own: a Secret that cannot be written, or many statuses, are nothing to wait for.
  const loop = makeLoop(logger, signal);
  const signing = makeLoop(logger, signal);
  const telling = makeLoop(logger, signal);
  const workshop: Workshop = { ...options, loop, signal };
  const configuration = makeConfigurationKeeper({ client, logger });
  const claims = makeClaimsKeyKeeper({
    client,
    namespace,
    secret: claimsSecret,
    useKey: (bytes) => {
      holder.claimsKey = makeClaimsKey(bytes);
    },
    logger,
  });
  const running = [
    follow(workshop, `${configurationsPath}${only(configurationName)}`, configuration.see),
    follow({ ...workshop, loop: signing }, secretPath(namespace, claimsSecret), claims.see),
    signing.run(claims.keep),
  ];
  const certificate = startCertificate(workshop, running);
  const policies = startPolicies(workshop, certificate.caBundle, running);
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
  const tellClock = makeClockWatch({ own: Date.now, server: client.serverTime, metrics, logger });
  const round = async (): Promise<void> => {
    tellClock();
    const { isLeader } = leadership;
    const parts = { certificate, configuration, webhooks, policies: () => holder.policies, isLeader };
    await reconcile({ ...parts, setInSync: metrics.setInSync }).finally(telling.wake);
  };
  const tell = async (): Promise<void> => {
    const goesOn = (): boolean => leadership.isLeader() && !signal.aborted;
    if (goesOn()) await policies.tell({ isCalled: configuration.calls, goesOn });
  };
  running.push(loop.run(round), telling.run(tell), leadership.done);
  return {
    stop: async () => {
      certificate.stop();
      ending.abort();
      await Promise.all(running);
    },
  };
}

/** Starts what keeps the policies in use those of the cluster; what it follows is added to what runs. */
function startPolicies(
  { client, webhooks, builtIn, holder, metrics, loop, logger, signal }: Workshop,
  caBundle: () => string | undefined,
  running: Promise<void>[],
): PolicyKeeper {
  const use = (policies: ReadonlyMap<string, Policy>): void => {
    holder.policies = policies;
    loop.wake();
  };
  const { countPolicy: countChange, setRefusedPolicies: setRefused } = metrics;
  const keeper = makePolicyKeeper({ client, builtIn, webhooks, caBundle, use, countChange, setRefused, logger });
  // In rounds of its own: what waits for the API server is nothing that policies have to wait for.
  const judging = makeLoop(logger, signal);
  const see = (seen: ReadonlyMap<string, JsonObject>): void => {
    keeper.see(seen);
    judging.wake();
  };
  const judge = async (): Promise<void> => {
    const startedAt = performance.now();
    await keeper.judge();
    // As long as it took: where many policies change all the time, half of the time is for reviews.
    await sleep(Math.min(performance.now() - startedAt, longestRest), undefined, { signal });
  };
  running.push(followObjects(client, policiesPath, see, { logger, signal, isMetadataOnly: true }), judging.run(judge));
  return keeper;
}

/** Starts what keeps the certificate in use good; what it follows is added to what runs. */
function startCertificate(workshop: Workshop, running: Promise<void>[]): ServingCertificate {
  const { client, webhooks, given, lifetimes, holder, server, metrics, loop, logger } = workshop;
  const { namespace, target } = webhooks;
  const use: UseTellerOptions = {
    now: () => momentOf(Date.now(), client.serverTime()),
    tellUse: (isUsable) => {
      holder.hasCertificate = isUsable;
      metrics.setCertificateValid(isUsable);
    },
    logger,
  };
  // Given a certificate, it needs no CA of its own, and no right to read one.
  if (given !== undefined) {
    const onChange: Parameters<typeof serveGiven>[1] = (certificate) => {
      server.setCertificate(certificate);
      loop.wake();
    };
    return serveGiven(given, onChange, use);
  }
  const authority = makeAuthorityKeeper({
    client,
    namespace,
    secret: caSecret,
    serverNames: serverNames(target),
    lifetimes,
    setCertificate: server.setCertificate,
    ...use,
  });
  running.push(follow(workshop, secretPath(namespace, caSecret), authority.see));
  return serveIssued(authority);
}

function follow(
  { client, loop, logger, signal }: Workshop,
  path: string,
  see: (objects: ReadonlyMap<string, JsonObject>) => void,
): Promise<void> {
  const seeAndWake = (objects: ReadonlyMap<string, JsonObject>): void => {
    see(objects);
    loop.wake();
  };
  return followObjects(client, path, seeAndWake, { logger, signal });
}

function secretPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/secrets${only(name)}`;
}

function only(name: string): string {
  return `?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
}

/** What the API server asks for by SNI, or in a URL. */
function serverNames(target: WebhookTarget): readonly string[] {
  if ('url' in target) return [new URL(target.url).hostname];
  const { name, namespace } = target.service;
  return [`${name}.${namespace}.svc`];
}
