import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { optOut } from '../core/policy/policy.ts';
import { writeEvent } from './event.ts';
import { metadataOf, nameOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';

/**
 * For how long a deletion is news, in milliseconds. Whoever leads tells of it at once; where the leader has died, the
 * next one leads after some twenty seconds, and still tells.
 */
const newsMilliseconds = 60_000;

export interface DeletionTellerOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly defaultPolicy: string | undefined;
  /** The namespaces that nothing becomes of, whatever they ask for. */
  readonly leftOut: ReadonlySet<string>;
  /** A clock that never jumps, in milliseconds. */
  readonly elapsed: () => number;
}

/** Remembers for a while which policies were deleted, and says where they are still asked for. */
export interface DeletionTeller {
  readonly note: (policy: string, uid: string) => void;
  /** It is there again. */
  readonly forget: (policy: string) => void;
  /** For one replica alone; each deletion is told once, whichever replicas have seen it. */
  readonly tell: (isThere: (policy: string) => boolean) => Promise<void>;
}

export function makeDeletionTeller(options: DeletionTellerOptions): DeletionTeller {
  const { client, logger, defaultPolicy, leftOut, elapsed } = options;
  const deleted = new Map<string, { readonly uid: string; readonly at: number }>();

  function dropOld(): void {
    for (const [policy, { at }] of deleted) if (elapsed() - at > newsMilliseconds) deleted.delete(policy);
  }

  /** Pods are refused there, and somebody should know why. */
  async function tellOrphans(policy: string, policyUid: string): Promise<void> {
    const selector = encodeURIComponent(`kube-harden.io/enforce=${policy}`);
    const { items } = await client.get(`/api/v1/namespaces?labelSelector=${selector}`);
    const outcome = defaultPolicy === undefined ? 'its pods are refused' : `it gets ${defaultPolicy} instead`;
    for (const object of Array.isArray(items) ? (items as readonly JsonObject[]) : []) {
      const namespace = nameOf(object);
      if (leftOut.has(namespace)) continue;
      logger.error('policy deleted that a namespace asks for', { policy, namespace });
      const uid = String(metadataOf(object)['uid']);
      const about = { apiVersion: 'v1', kind: 'Namespace', name: namespace, namespace, uid };
      const message = `HardeningPolicy ${policy} was deleted, but this namespace asks for it: ${outcome}`;
      await writeEvent({ client, logger }, about, 'PolicyMissing', message, `policy-missing.${policyUid}`);
    }
  }

  return {
    note: (policy, uid) => {
      dropOld();
      deleted.set(policy, { uid, at: elapsed() });
    },
    forget: (policy) => deleted.delete(policy),
    tell: async (isThere) => {
      dropOld();
      for (const [policy, { uid }] of deleted) {
        // Of a policy that is refused for the name by which namespaces opt out, nobody asks anything.
        if (policy !== optOut && !isThere(policy)) await tellOrphans(policy, uid);
        deleted.delete(policy);
      }
    },
  };
}
