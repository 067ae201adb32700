import type { ConfigurationKeeper } from '../cluster/keepConfiguration.ts';
import type { WebhookChoices } from '../cluster/webhookConfiguration.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { ServingCertificate } from './servingCertificate.ts';

export interface Reconciled {
  readonly certificate: Pick<ServingCertificate, 'keep' | 'caBundle'>;
  readonly configuration: Pick<ConfigurationKeeper, 'keep' | 'isTrue' | 'publishes' | 'distrusts' | 'publish'>;
  /** What the webhook configuration says, apart from what changes while it runs. */
  readonly webhooks: Omit<WebhookChoices, 'policies' | 'caBundle'>;
  /** Undefined until they are loaded. */
  readonly policies: () => ReadonlyMap<string, Policy> | undefined;
  readonly isLeader: () => boolean;
  readonly setInSync: (isInSync: boolean) => void;
}

/**
 * One round: the certificate, then the webhook configuration. Where the CA cannot be written, the configuration is still
 * kept true with the CA that there is.
 *
 * @throws what the first part that failed has thrown, when all are done.
 */
export async function reconcile(parts: Reconciled): Promise<void> {
  const { certificate, configuration } = parts;
  await inTurn([() => certificate.keep(configuration), () => keepConfiguration(parts)]);
}

async function keepConfiguration(parts: Reconciled): Promise<void> {
  const { certificate, configuration, webhooks, isLeader, setInSync } = parts;
  const [policies, caBundle] = [parts.policies(), certificate.caBundle()];
  if (policies === undefined || caBundle === undefined) return;
  const choices = { ...webhooks, policies: [...policies.keys()], caBundle };
  try {
    if (isLeader()) await configuration.keep(choices);
  } finally {
    setInSync(configuration.isTrue(choices));
  }
}

/**
 * Does one part after the other; one that fails keeps none behind it from being done.
 *
 * @throws what the first that failed has thrown, when all are done.
 */
async function inTurn(parts: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts) await part().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
