import type { JsonObject } from '../core/json.ts';
import type { KubeClient } from './kubeClient.ts';

/** What an event is about; of something without a namespace, the event goes to `default`. */
export interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly namespace?: string;
}

/** The longest that the API server takes: k8s.io/kubernetes, `legacyValidateEvent`. */
const longestMessage = 1024;

/** Writes a Warning event, which `kubectl describe` and `kubectl get events` show. */
export async function writeEvent(client: KubeClient, about: Involved, reason: string, message: string): Promise<void> {
  const { namespace = 'default' } = about;
  const now = rfc3339(Date.now());
  const involvedObject: JsonObject = { ...about };
  await client.create(`/api/v1/namespaces/${namespace}/events`, {
    metadata: { generateName: `${about.name}.`, namespace },
    involvedObject,
    type: 'Warning',
    reason,
    message: message.slice(0, longestMessage),
    source: { component: 'kube-harden' },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
}

/** A time as Kubernetes writes it: of whole seconds. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '');
}
