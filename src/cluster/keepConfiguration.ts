import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { isJsonObject, isSameJson } from '../core/json/json.ts';
import { makeBackOff } from './backOff.ts';
import type { Comparison, Field } from './compareWebhooks.ts';
import { compareWebhooks } from './compareWebhooks.ts';
import { writeEvent } from './event.ts';
import { metadataOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';
import { trustedBundles, withBundle } from './publishedTrust.ts';
import type { WebhookChoices } from './webhookConfiguration.ts';
import { makeWebhooks } from './webhookConfiguration.ts';

export const configurationName = 'kube-harden';
export const configurationsPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

export interface ConfigurationKeeperOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** A clock that never jumps, in milliseconds. */
  readonly elapsed?: () => number;
}

/** Keeps the webhook configuration true. It never makes one: whoever deletes it switches kube-harden off. */
export interface ConfigurationKeeper {
  readonly see: (configurations: ReadonlyMap<string, JsonObject>) => void;
  /**
   * Writes what is kube-harden's where it is not as it has to be: at once, unless the same field is changed again and
   * again. What others add stays. For one replica alone.
   */
  readonly keep: (choices: WebhookChoices) => Promise<void>;
  /** Whether there is one, and what is kube-harden's in it was last seen as it has to be. */
  readonly isTrue: (choices: WebhookChoices) => boolean;
  /** Whether the API server was last seen to trust exactly a bundle. */
  readonly publishes: (bundle: string) => boolean;
  /** Whether the API server was last seen not to trust a CA's certificate, in PEM, whatever else it trusts. */
  readonly distrusts: (cert: string) => boolean;
  /** Writes what the API server has to trust and nothing else: any replica may. Nothing where another writes meanwhile. */
  readonly publish: (bundle: string) => Promise<void>;
}

interface Compared extends Comparison {
  readonly configuration: JsonObject;
  readonly choices: WebhookChoices;
  readonly wanted: readonly JsonObject[];
}

export function makeConfigurationKeeper(options: ConfigurationKeeperOptions): ConfigurationKeeper {
  const { client, logger, elapsed = () => performance.now() } = options;
  let hasSeen = false;
  let configuration: JsonObject | undefined;
  let compared: Compared | undefined;
  /** What was wanted when all was as it had to be, or was made so. */
  let settled: readonly JsonObject[] | undefined;
  let additionsBefore = '';
  const backOff = makeBackOff();

  /** Compares anew only where something has changed, since each replica asks each second. */
  function compare(found: JsonObject, choices: WebhookChoices): Compared {
    if (compared?.configuration !== found || !isDeepStrictEqual(choices, compared.choices)) {
      const wanted = makeWebhooks(choices);
      compared = { configuration: found, choices, wanted, ...compareWebhooks(webhooksOf(found), wanted) };
    }
    return compared;
  }

  async function keep(choices: WebhookChoices): Promise<void> {
    if (!hasSeen) return;
    if (configuration !== undefined) await setRight(compare(configuration, choices));
    // Whoever applies it again begins anew.
    else settled = undefined;
  }

  async function setRight({ configuration: found, wanted, differences, additions, webhooks }: Compared): Promise<void> {
    tellAdditions(additions);
    if (differences.length === 0) {
      settled = wanted;
      return;
    }
    const fields = new Set(differences.map(({ field }) => field));
    // What is wanted anew, a policy or a CA, waits for nobody, and is no quarrel.
    const isNew = settled === undefined || !isSameJson(settled, wanted);
    if (!isNew && !backOff.isDue(fields, elapsed())) return;
    const result = await client.merge(`${configurationsPath}/${configurationName}`, {
      // With its version, so that what somebody else has written in the meantime is seen first.
      metadata: { resourceVersion: metadataOf(found)['resourceVersion'] ?? null },
      webhooks,
    });
    // What was seen meanwhile may be later than the answer; where it is not, that is still to come.
    if (configuration === found) configuration = result;
    settled = wanted;
    logger.info('webhook configuration written', { webhooks: webhooks.length, because: describeFields(differences) });
    if (isNew) return;
    const insisted = new Set(backOff.note(fields, elapsed()));
    if (insisted.size > 0)
      await tellInsistence(
        found,
        differences.filter(({ field }) => insisted.has(field)),
      );
  }

  /** They may keep kube-harden from being asked, and somebody may wonder why. */
  function tellAdditions(additions: readonly Field[]): void {
    const text = describeFields(additions);
    if (text === additionsBefore) return;
    additionsBefore = text;
    if (additions.length > 0) logger.info('others add to the webhook configuration', { to: text });
  }

  async function tellInsistence(found: JsonObject, differences: readonly Field[]): Promise<void> {
    const manager = lastManagerOf(found);
    const what = `changed again and again${manager === undefined ? '' : `, by ${manager}`}: ${describeFields(differences)}`;
    const message = `${what}; kube-harden changes it back after waits that double, up to five minutes`;
    logger.warn('somebody insists on another webhook configuration', { what });
    const about = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      name: configurationName,
      uid: String(metadataOf(found)['uid']),
    };
    await writeEvent({ client, logger }, about, 'WebhookConfigurationContested', message);
  }

  /** Where there is no configuration nobody calls, and nobody has to trust. */
  const bundles = (): readonly string[] => (configuration === undefined ? [] : trustedBundles(configuration));

  async function publish(bundle: string): Promise<void> {
    const found = configuration;
    if (found === undefined || bundles().every((each) => each === bundle)) return;
    try {
      const written = await client.merge(`${configurationsPath}/${configurationName}`, {
        metadata: { resourceVersion: metadataOf(found)['resourceVersion'] ?? null },
        webhooks: withBundle(found, bundle),
      });
      if (configuration === found) configuration = written;
      logger.info('caBundle written');
    } catch (error) {
      // Another replica was quicker, or somebody has deleted it: both will be seen.
      if (!(error instanceof KubeApiError) || (error.status !== 409 && error.status !== 404)) throw error;
    }
  }

  return {
    see: (configurations) => {
      hasSeen = true;
      configuration = configurations.get(configurationName);
    },
    keep,
    isTrue: (choices) => configuration !== undefined && compare(configuration, choices).differences.length === 0,
    publishes: (bundle) => hasSeen && bundles().every((each) => each === bundle),
    distrusts: (cert) => bundles().some((each) => !each.includes(cert.trim())),
    publish,
  };
}

function webhooksOf({ webhooks }: JsonObject): readonly JsonObject[] {
  return Array.isArray(webhooks) ? (webhooks as readonly JsonObject[]) : [];
}

/** `timeoutSeconds of hardened.enforce.kube-harden.io, and 6 more`; empty where there are none. */
function describeFields([first, ...others]: readonly Field[]): string {
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
