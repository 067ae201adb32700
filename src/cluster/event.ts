import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { describeFault } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';

/** What an event is about; of something without a namespace, the event goes to `default`. */
export interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly namespace?: string;
}

/** What events.k8s.io takes at most, which clients turn to: k8s.io/kubernetes pkg/apis/core/validation, `NoteLengthLimit`. */
const longestMessage = 1024;

/**
 * Writes a Warning event, which `kubectl describe` and `kubectl get events` show. One that is refused, by a namespace
 * that is being deleted for one, is only logged: tried again, it would keep others from being written, or write them twice.
 *
 * @param name of an event that is told once, whichever replicas tell it; made up where it is missing
 */
export async function writeEvent(
  { client, logger }: { readonly client: KubeClient; readonly logger: Logger },
  about: Involved,
  reason: string,
  message: string,
  name?: string,
): Promise<void> {
  const { namespace = 'default' } = about;
  const now = rfc3339(Date.now());
  const involvedObject: JsonObject = { ...about };
  const event = {
    metadata: { ...(name === undefined ? { generateName: `${about.name}.` } : { name }), namespace },
    involvedObject,
    type: 'Warning',
    reason,
    message: message.slice(0, longestMessage),
    source: { component: 'kube-harden' },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
  try {
    await client.create(`/api/v1/namespaces/${namespace}/events`, event);
  } catch (error) {
    if (name !== undefined && error instanceof KubeApiError && error.status === 409) return;
    logger.warn('event not written', { namespace, reason, error: describeFault(error) });
  }
}

/** A time as Kubernetes writes it: of whole seconds. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '');
}
