import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { makeWebhooks } from '../../src/cluster/webhookConfiguration.ts';
import type { Json } from '../../src/core/json/json.ts';

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
  values: z.array(z.string()).exactOptional(),
});

/** Strict, so that a misspelled field is found, which the API server would only warn of. */
const webhook = z.strictObject({
  name: z.string(),
  admissionReviewVersions: z.array(z.string()),
  clientConfig: z.strictObject({
    service: z.strictObject({ name: z.string(), namespace: z.string(), path: z.string(), port: z.number() }),
    caBundle: z.string(),
  }),
  objectSelector: z.strictObject({}),
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
  matchConditions: z.array(z.strictObject({ name: z.string(), expression: z.string() })),
  sideEffects: z.string(),
  reinvocationPolicy: z.string(),
  failurePolicy: z.string(),
  timeoutSeconds: z.number(),
});

export type Webhook = z.infer<typeof webhook>;

const kustomization = z.object({
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  patches: z.array(z.strictObject({ path: z.string(), target: z.record(z.string(), z.string()) })).default([]),
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

/** The arguments that an overlay, or a component, adds to those of the container. */
export function addedArguments(directory: string): readonly string[] {
  const operation = z.union([
    z.object({ op: z.enum(['add', 'test']), path: z.string(), value: z.json() }),
    z.object({ op: z.literal('remove'), path: z.string() }),
  ]);
  return readKustomization(directory)
    .patches.flatMap(({ path }) => readDocuments(join(directory, path)))
    .flatMap((document) => z.array(operation).parse(document))
    .flatMap((each) =>
      each.op === 'add' && each.path === '/spec/template/spec/containers/0/args/-' ? [String(each.value)] : [],
    );
}

/** The webhooks that kube-harden writes where an overlay is installed. */
export function webhooksOf(overlay: Overlay): readonly Webhook[] {
  const [flag] = addedArguments(join('overlays', overlay));
  const webhooks = makeWebhooks({
    policies: policyNames,
    defaultPolicy: flag?.replace('--default-policy=', ''),
    target: { service: { name: 'kube-harden', namespace: 'kube-harden', port: 443 } },
    caBundle: 'a CA',
    namespace: 'kube-harden',
    excludedNamespaces: [],
    timeoutSeconds: 3,
  });
  return z.array(webhook).parse(webhooks);
}
