import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { isSameJson } from '../core/json/json.ts';
import { makeBackOff } from './backOff.ts';
import type { Comparison } from './compareWebhooks.ts';
import { compareWebhooks } from './compareWebhooks.ts';
import { metadataOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';
import { trustedBundles, withBundle } from './publishedTrust.ts';
import { describeFields, makeOthersTeller } from './tellOthers.ts';
import type { WebhookChoices } from './webhookConfiguration.ts';
import { makeWebhooks, nameOfEnforcing } from './webhookConfiguration.ts';

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
  /** Whether it was last seen, or written, with the entry that enforces a policy. */
  readonly calls: (policy: string) => boolean;
  /** Whether the API server was last seen to trust exactly a bundle. */
  readonly publishes: (bundle: string) => boolean;
  /** Whether the API server was last seen not to trust a CA's certificate, in PEM, whatever else it trusts. */
  readonly distrusts: (cert: string) => boolean;
  /**
   * Lets the API server trust a bundle too, and changes nothing else: any replica may, and what need not be trusted any
   * more, whoever leads takes away. Nothing where another one writes meanwhile.
   */
  readonly publish: (bundle: string) => Promise<void>;
}

/** What is set right where it is wanted anew, whatever fields that comes to. */
const anew: ReadonlySet<string> = new Set(['anew']);

/** Somebody who writes nothing but an annotation, several times a second, is outrun by these. */
const mostTries = 5;

interface Compared extends Comparison {
  readonly configuration: JsonObject;
  readonly choices: WebhookChoices;
  readonly wanted: readonly JsonObject[];
}

interface Attempt {
  readonly outcome: 'written' | 'outrun' | KubeApiError;
  /** What was written last, or found as it has to be. */
  readonly last: Compared;
  /** Whether somebody has changed the webhooks meanwhile, or the API server has something against what was written. */
  readonly isContested: boolean;
}

export function makeConfigurationKeeper(options: ConfigurationKeeperOptions): ConfigurationKeeper {
  const { client, logger, elapsed = () => performance.now() } = options;
  let hasSeen = false;
  let configuration: JsonObject | undefined;
  let compared: Compared | undefined;
  /** What was wanted when all was as it had to be, or was made so. */
  let settled: readonly JsonObject[] | undefined;
  let named: { readonly configuration: JsonObject | undefined; readonly names: ReadonlySet<unknown> } | undefined;
  const backOff = makeBackOff();
  const others = makeOthersTeller({ client, logger, about: configurationName });

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

  async function setRight(now: Compared): Promise<void> {
    others.tellAdditions(now.additions);
    if (now.differences.length === 0) settle(now);
    else if (settled === undefined || !isSameJson(settled, now.wanted)) await setAnew(now);
    else await restore(now);
  }

  function settle({ wanted }: Compared): void {
    settled = wanted;
    backOff.forget(anew);
  }

  /** What is wanted anew, a policy or a CA, waits for no field, and is no quarrel unless somebody is quicker each time. */
  async function setAnew(now: Compared): Promise<void> {
    if (!backOff.isDue(anew, elapsed())) return;
    const { outcome, last, isContested } = await writeThrough(now);
    if (outcome === 'written') return settle(last);
    const insisted = isContested ? backOff.note(anew, elapsed()) : [];
    if (outcome !== 'outrun') throw outcome;
    if (insisted.length > 0) await others.tellInsistence(last.configuration, last.differences);
  }

  async function restore(now: Compared): Promise<void> {
    const fields = new Set(now.differences.map(({ field }) => field));
    if (!backOff.isDue(fields, elapsed())) return;
    const { outcome, last, isContested } = await writeThrough(now);
    // Nobody has touched the webhooks meanwhile: that is no insisting on another value.
    if (outcome === 'outrun' && !isContested) return;
    const insisted = new Set(backOff.note(fields, elapsed()));
    if (outcome instanceof Error) throw outcome;
    const contested = now.differences.filter(({ field }) => insisted.has(field));
    if (contested.length > 0) await others.tellInsistence(last.configuration, contested);
  }

  /** Writes it; where somebody else was quicker, what that has made of it is read and set right at once, a few times. */
  async function writeThrough(now: Compared): Promise<Attempt> {
    let last = now;
    let isContested = false;
    for (let tries = 1; ; tries += 1) {
      const outcome = await write(last);
      if (outcome instanceof Error) return { outcome, last, isContested: true };
      if (outcome === 'written' || tries === mostTries) return { outcome, last, isContested };
      const found = await readAgain(last.configuration);
      // Deleted, as will be seen.
      if (found === undefined) return { outcome, last, isContested };
      isContested ||= !isSameJson(found['webhooks'], last.configuration['webhooks']);
      last = compare(found, now.choices);
      if (last.differences.length === 0) return { outcome: 'written', last, isContested };
    }
  }

  async function readAgain(before: JsonObject): Promise<JsonObject | undefined> {
    try {
      const found = await client.get(`${configurationsPath}/${configurationName}`);
      // What was seen meanwhile may be later than the answer.
      if (configuration === before) configuration = found;
      return found;
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** What the API server has against it; `outrun` where somebody else has written meanwhile, which is still to be seen. */
  async function write({
    configuration: found,
    differences,
    webhooks,
  }: Compared): Promise<'written' | 'outrun' | KubeApiError> {
    try {
      const result = await client.merge(`${configurationsPath}/${configurationName}`, {
        // With its version, so that what somebody else has written in the meantime is seen first.
        metadata: { resourceVersion: metadataOf(found)['resourceVersion'] ?? null },
        webhooks,
      });
      // What was seen meanwhile may be later than the answer; where it is not, that is still to come.
      if (configuration === found) configuration = result;
      logger.info('webhook configuration written', { webhooks: webhooks.length, because: describeFields(differences) });
      return 'written';
    } catch (error) {
      // An API server in trouble will not be for long, and whoever asked goes on asking.
      if (!(error instanceof KubeApiError) || error.status >= 500 || error.status === 429) throw error;
      return error.status === 409 || error.status === 404 ? 'outrun' : error;
    }
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
    calls: (policy) => {
      if (named?.configuration !== configuration)
        named = { configuration, names: new Set(configuration && webhooksOf(configuration).map(({ name }) => name)) };
      return named?.names.has(nameOfEnforcing(policy)) === true;
    },
    publishes: (bundle) => hasSeen && bundles().every((each) => each === bundle),
    distrusts: (cert) => bundles().some((each) => !each.includes(cert.trim())),
    publish,
  };
}

function webhooksOf({ webhooks }: JsonObject): readonly JsonObject[] {
  return Array.isArray(webhooks) ? (webhooks as readonly JsonObject[]) : [];
}
