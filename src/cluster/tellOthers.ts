import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import type { Field } from './compareWebhooks.ts';
import { writeEvent } from './event.ts';
import { metadataOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';

/** Says what other writers make of the webhook configuration. */
export interface OthersTeller {
  /** They may keep kube-harden from being asked, and somebody may wonder why. Once for what stays the same. */
  readonly tellAdditions: (additions: readonly Field[]) => void;
  /** Says in an event that somebody changes what is kube-harden's own again and again. */
  readonly tellInsistence: (configuration: JsonObject, contested: readonly Field[]) => Promise<void>;
}

export interface OthersTellerOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** The configuration's name. */
  readonly about: string;
}

export function makeOthersTeller({ client, logger, about }: OthersTellerOptions): OthersTeller {
  let additionsBefore = '';

  function tellAdditions(additions: readonly Field[]): void {
    const text = describeFields(additions);
    if (text === additionsBefore) return;
    additionsBefore = text;
    if (additions.length > 0) logger.info('others add to the webhook configuration', { to: text });
  }

  async function tellInsistence(configuration: JsonObject, contested: readonly Field[]): Promise<void> {
    const manager = lastManagerOf(configuration);
    const what = `changed again and again${manager === undefined ? '' : `, by ${manager}`}: ${describeFields(contested)}`;
    logger.warn('somebody insists on another webhook configuration', { what });
    const involved = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      name: about,
      uid: String(metadataOf(configuration)['uid']),
    };
    const message = `${what}; kube-harden changes it back after waits that double, up to five minutes`;
    await writeEvent({ client, logger }, involved, 'WebhookConfigurationContested', message);
  }

  return { tellAdditions, tellInsistence };
}

/** `timeoutSeconds of hardened.enforce.kube-harden.io, and 6 more`; empty where there are none. */
export function describeFields([first, ...others]: readonly Field[]): string {
  if (first === undefined) return '';
  return `${first.field} of ${first.webhook}${others.length === 0 ? '' : `, and ${others.length} more`}`;
}

/** Who wrote it last, apart from kube-harden, by the name under which the API server keeps account of fields. */
function lastManagerOf(configuration: JsonObject): string | undefined {
  const { managedFields } = metadataOf(configuration);
  if (!Array.isArray(managedFields)) return undefined;
  const others = (managedFields as readonly JsonObject[]).filter(
    ({ manager, fieldsV1 }) => manager !== 'kube-harden' && isJsonObject(fieldsV1) && 'f:webhooks' in fieldsV1,
  );
  const [last] = others.sort((left, right) => String(right['time']).localeCompare(String(left['time'])));
  return last && String(last['manager']);
}
