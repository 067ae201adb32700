import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import type { Clock } from './clock.ts';
import { machineClock } from './clock.ts';
import { describeFault } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';

// The lengths that Kubernetes' own controllers use: k8s.io/component-base, `LeaderElectionConfiguration`.
const leaseSeconds = 15;
const renewMilliseconds = 2000;

/** How long after its last renewal a holder still writes: less than others wait before they take over. */
const trustMilliseconds = 10_000;

export interface Leadership {
  readonly isLeader: () => boolean;
  /** Ends with the signal, and hands the lease back then. */
  readonly done: Promise<void>;
}

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Of this replica, unlike any other's. */
  readonly identity: string;
  readonly onChange: (isLeader: boolean) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

interface Seen {
  readonly holder: string;
  readonly renewTime: string;
  /** By this machine's own clock, since clocks differ. */
  readonly at: number;
}

/**
 * Leader election: competes for a Lease, so that one replica at a time writes. Whoever holds it renews it every two seconds; whoever
 * does not takes it once it has not been renewed for fifteen.
 */
export function competeForLease(client: KubeClient, options: LeaseOptions): Leadership {
  const { namespace, name, identity, onChange, logger, signal, clock = machineClock } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const path = `${collection}/${name}`;
  let seen: Seen | undefined;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let wasLeader = false;

  const isLeader = (): boolean => clock.elapsed() - renewedAt < trustMilliseconds;
  const tellChange = (): void => {
    if (isLeader() === wasLeader) return;
    wasLeader = !wasLeader;
    logger.info(wasLeader ? 'leading' : 'not leading any more', { identity });
    onChange(wasLeader);
  };

  const tryOnce = async (): Promise<void> => {
    const startedAt = clock.elapsed();
    const lease = await getOrCreate(client, collection, path, name);
    const spec = isJsonObject(lease['spec']) ? lease['spec'] : {};
    const holder = String(spec['holderIdentity'] ?? '');
    const renewTime = String(spec['renewTime'] ?? '');
    if (seen?.holder !== holder || seen.renewTime !== renewTime) seen = { holder, renewTime, at: startedAt };
    const isFree = holder === '' || holder === identity || startedAt - seen.at > leaseSeconds * 1000;
    if (!isFree) return;
    await client.replace(path, { ...lease, spec: makeSpec(spec, identity, clock.now()) });
    renewedAt = startedAt;
  };

  const release = async (): Promise<void> => {
    if (!isLeader()) return;
    renewedAt = Number.NEGATIVE_INFINITY;
    const lease = await client.get(path);
    const spec = isJsonObject(lease['spec']) ? lease['spec'] : {};
    if (spec['holderIdentity'] === identity)
      await client.replace(path, { ...lease, spec: { ...spec, holderIdentity: '' } });
  };

  const compete = async (): Promise<void> => {
    while (!signal.aborted) {
      await tryOnce().catch((error: unknown) => {
        // Another one was quicker.
        const isConflict = error instanceof KubeApiError && error.status === 409;
        if (!isConflict) logger.warn('lease not renewed', { error: describeFault(error) });
      });
      tellChange();
      await clock.sleep(renewMilliseconds, signal).catch(() => {});
    }
    await release().catch((error: unknown) => logger.warn('lease not released', { error: describeFault(error) }));
  };
  return { isLeader, done: compete() };
}

async function getOrCreate(client: KubeClient, collection: string, path: string, name: string): Promise<JsonObject> {
  try {
    return await client.get(path);
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.status !== 404) throw error;
    return client.create(collection, { metadata: { name, labels: { 'app.kubernetes.io/name': 'kube-harden' } } });
  }
}

function makeSpec(before: JsonObject, identity: string, milliseconds: number): JsonObject {
  // Microseconds, as the API server wants them: metav1.MicroTime.
  const now = new Date(milliseconds).toISOString().replace('Z', '000Z');
  const isOurs = before['holderIdentity'] === identity;
  const transitions = Number(before['leaseTransitions'] ?? 0);
  return {
    holderIdentity: identity,
    leaseDurationSeconds: leaseSeconds,
    acquireTime: isOurs ? (before['acquireTime'] ?? now) : now,
    renewTime: now,
    leaseTransitions: isOurs ? transitions : transitions + 1,
  };
}
