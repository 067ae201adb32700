import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

/** What the API server trusts kube-harden's own entries of a webhook configuration by: each bundle once, in PEM. */
export function trustedBundles(configuration: JsonObject): readonly string[] {
  const bundles = new Set(entriesOf(configuration).filter(isOwn).map(bundleOf));
  return [...bundles].map((bundle) => Buffer.from(bundle, 'base64').toString('utf8'));
}

/** How many certificates that were trusted stay so: an install has three at most, the rest is somebody's. */
const mostKept = 8;

/**
 * All entries, with nothing changed but what the API server trusts kube-harden's own by: a bundle, and what it trusts
 * already, by which another replica may be serving.
 */
export function withBundle(configuration: JsonObject, bundle: string): readonly JsonObject[] {
  return entriesOf(configuration).map((entry) => {
    if (!isOwn(entry)) return entry;
    const { clientConfig } = entry;
    const before = certificatesIn(Buffer.from(bundleOf(entry), 'base64').toString('utf8'));
    const others = before.filter((cert) => !bundle.includes(cert)).slice(0, mostKept);
    const caBundle = Buffer.from([bundle, ...others.map((cert) => `${cert}\n`)].join('')).toString('base64');
    return { ...entry, clientConfig: { ...(isJsonObject(clientConfig) && clientConfig), caBundle } };
  });
}

function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
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
