import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Json } from '../../src/core/json.ts';

// Reads the manifests without kustomize, which not every machine has: of kustomize they use so little that it is told
// here in a few lines.

export const repository = join(import.meta.dirname, '../..');
export const manifests = join(repository, 'manifests');

export type Overlay = 'opt-in' | 'cluster-wide';
export const overlays: readonly Overlay[] = ['opt-in', 'cluster-wide'];

/** The names of the policies that the image brings. */
export const policyNames = readdirSync(join(repository, 'policies')).map((file) => file.replace(/\.yaml$/, ''));

const requirement = z.strictObject({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string()),
});

/** Strict, so that a misspelled field is found, which the API server would only warn of. */
const webhook = z.strictObject({
  name: z.string(),
  admissionReviewVersions: z.array(z.string()),
  clientConfig: z.strictObject({
    service: z.strictObject({ name: z.string(), namespace: z.string(), path: z.string(), port: z.number() }),
  }),
  namespaceSelector: z.strictObject({ matchExpressions: z.array(requirement) }),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      apiVersions: z.array(z.string()),
      operations: z.array(z.string()),
      resources: z.array(z.string()),
      scope: z.string(),
    }),
  ),
  matchPolicy: z.string(),
  sideEffects: z.string(),
  reinvocationPolicy: z.string(),
  failurePolicy: z.string(),
  timeoutSeconds: z.number(),
});

export type Webhook = z.infer<typeof webhook>;

const configuration = z.object({ metadata: z.object({ name: z.literal('kube-harden') }), webhooks: z.array(webhook) });

const kustomization = z.object({
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  patches: z.array(z.strictObject({ path: z.string() })).default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
});

/** Reads the documents of a file below manifests/ as kubectl does, which takes YAML for 1.1: `0440` is octal. */
export function readDocuments(path: string): readonly Json[] {
  const documents = parseAllDocuments(readFileSync(join(manifests, path), 'utf8'), { version: '1.1', merge: false });
  return documents.map((document) => {
    for (const error of document.errors) throw error;
    return document.toJS() as Json;
  });
}

export function readKustomization(directory: string): z.infer<typeof kustomization> {
  return kustomization.parse(readDocuments(join(directory, 'kustomization.yaml'))[0]);
}

/** The one document of a kind in the base, among the files that its kustomization names. */
export function baseDocument(kind: string): Json {
  const found = readKustomization('base')
    .resources.flatMap((file) => readDocuments(join('base', file)))
    .filter((document) => kindOf(document) === kind);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} documents of kind ${kind}`);
  return found[0];
}

export function kindOf(document: Json): string {
  return z.object({ kind: z.string() }).parse(document).kind;
}

/** The webhooks of an overlay: those of its patches, which only ever add, then those of the base, as kustomize does. */
export function webhooksOf(overlay: Overlay): readonly Webhook[] {
  const directory = join('overlays', overlay);
  const webhooks = configuration.parse(baseDocument('MutatingWebhookConfiguration')).webhooks;
  for (const { path } of readKustomization(directory).patches) {
    for (const document of readDocuments(join(directory, path))) {
      for (const added of configuration.parse(document).webhooks) {
        if (webhooks.some(({ name }) => name === added.name)) throw new Error(`${path} changes ${added.name}`);
        webhooks.unshift(added);
      }
    }
  }
  return webhooks;
}
