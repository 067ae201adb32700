import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

/** What the API server trusts kube-harden's own entries of a webhook configuration by: each bundle once, in PEM. */
export function trustedBundles(configuration: JsonObject): readonly string[] {
  const bundles = new Set(entriesOf(configuration).filter(isOwn).map(bundleOf));
  return [...bundles].map((bundle) => Buffer.from(bundle, 'base64').toString('utf8'));
}

/** All entries, with nothing changed but what the API server trusts kube-harden's own by. */
export function withBundle(configuration: JsonObject, bundle: string): readonly JsonObject[] {
  const caBundle = Buffer.from(bundle).toString('base64');
  return entriesOf(configuration).map((entry) => {
    if (!isOwn(entry)) return entry;
    const { clientConfig } = entry;
    return { ...entry, clientConfig: { ...(isJsonObject(clientConfig) && clientConfig), caBundle } };
  });
}

function entriesOf({ webhooks }: JsonObject): readonly JsonObject[] {
  return Array.isArray(webhooks) ? (webhooks as readonly Json[]).filter(isJsonObject) : [];
}

function isOwn({ name }: JsonObject): boolean {
  return typeof name === 'string' && name.endsWith('.kube-harden.io');
}

function bundleOf({ clientConfig }: JsonObject): string {
  const bundle = isJsonObject(clientConfig) ? clientConfig['caBundle'] : undefined;
  return typeof bundle === 'string' ? bundle : '';
}
