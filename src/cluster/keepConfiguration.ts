import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { isSameJson } from '../core/json/json.ts';
import { metadataOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';
import type { WebhookChoices } from './webhookConfiguration.ts';
import { makeWebhooks } from './webhookConfiguration.ts';

export const configurationName = 'kube-harden';
export const configurationsPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/** Keeps the webhook configuration true. It never makes one: whoever deletes it switches kube-harden off. */
export interface ConfigurationKeeper {
  readonly see: (configurations: ReadonlyMap<string, JsonObject>) => void;
  /** For one replica alone. */
  readonly keep: (choices: WebhookChoices) => Promise<void>;
  /** Whether there is one, and it was last seen as it has to be. */
  readonly isTrue: (choices: WebhookChoices) => boolean;
  /** Since when the API server trusts a bundle, in milliseconds since 1970; undefined where it does not. */
  readonly trustedSince: (bundle: string) => number | undefined;
}

export function makeConfigurationKeeper(client: KubeClient, logger: Logger): ConfigurationKeeper {
  let hasSeen = false;
  let configuration: JsonObject | undefined;
  let trusted: { readonly bundle: string; readonly since: number } | undefined;

  async function keep(choices: WebhookChoices): Promise<void> {
    if (!hasSeen) return;
    const webhooks = makeWebhooks(choices);
    if (configuration !== undefined && !isSameJson(configuration['webhooks'], webhooks)) {
      configuration = await client.merge(`${configurationsPath}/${configurationName}`, {
        // With its version, so that what somebody else has written in the meantime is seen first.
        metadata: { resourceVersion: metadataOf(configuration)['resourceVersion'] ?? null },
        webhooks,
      });
      logger.info('webhook configuration written', { webhooks: webhooks.length });
    }
    // Where there is no configuration nobody calls, and nobody has to trust.
    if (trusted?.bundle !== choices.caBundle) trusted = { bundle: choices.caBundle, since: Date.now() };
  }

  return {
    see: (configurations) => {
      hasSeen = true;
      configuration = configurations.get(configurationName);
    },
    keep,
    isTrue: (choices) => configuration !== undefined && isSameJson(configuration['webhooks'], makeWebhooks(choices)),
    trustedSince: (bundle) => (trusted?.bundle === bundle ? trusted.since : undefined),
  };
}
