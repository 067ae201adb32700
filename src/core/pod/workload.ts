import type { Json, JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';

/** A pod inside a document, ready for hardening. */
export interface PodInDocument {
  readonly kind: string;
  readonly namespace: string | undefined;
  /** `metadata.name`, or `generateName` with a `*` behind it. */
  readonly name: string | undefined;
  /** Of the object that holds the pod, from the document's root: empty, or `['items', '3']` in a List. */
  readonly objectPath: readonly string[];
  /** Of the pod, from that object's root: empty for a Pod, `['spec', 'template']` for a Deployment. */
  readonly podPath: readonly string[];
  /** A Pod or a PodTemplateSpec: `metadata` and `spec`. */
  readonly pod: JsonObject;
}

/** Where each kind keeps its pod. Source: k8s.io/api core/v1, apps/v1, batch/v1. */
const podPaths: ReadonlyMap<string, readonly string[]> = new Map([
  ['v1/Pod', []],
  ['v1/PodTemplate', ['template']],
  ['v1/ReplicationController', ['spec', 'template']],
  ['apps/Deployment', ['spec', 'template']],
  ['apps/ReplicaSet', ['spec', 'template']],
  ['apps/StatefulSet', ['spec', 'template']],
  ['apps/DaemonSet', ['spec', 'template']],
  ['extensions/Deployment', ['spec', 'template']],
  ['extensions/ReplicaSet', ['spec', 'template']],
  ['extensions/DaemonSet', ['spec', 'template']],
  ['batch/Job', ['spec', 'template']],
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
]);

/** Lists may hold lists; nobody nests them deeper than this. */
const deepestList = 8;

/** The pods of a document: of a workload, or of each workload in a `List`. Other documents have none. */
export function findPods(document: Json): readonly PodInDocument[] {
  return findInObject(document, [], 0);
}

function findInObject(value: Json, objectPath: readonly string[], depth: number): readonly PodInDocument[] {
  if (!isJsonObject(value)) return [];
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return [];
  // `List` and the typed `PodList`, `DeploymentList`, … all keep their objects in `items`.
  if (kind.endsWith('List') && Array.isArray(value['items']) && depth < deepestList) {
    return value['items'].flatMap((item, index) =>
      findInObject(withTypeOf(item, value), [...objectPath, 'items', String(index)], depth + 1),
    );
  }
  const podPath = podPaths.get(`${groupOf(apiVersion)}/${kind}`);
  if (podPath === undefined) return [];
  const pod = lookUp(value, podPath);
  if (!isJsonObject(pod)) return [];
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
  return [{ kind, namespace: textOf(metadata['namespace']), name: nameOf(metadata), objectPath, podPath, pod }];
}

/** The items of a typed list from the API server carry no `kind` of their own. */
function withTypeOf(item: Json, list: JsonObject): Json {
  const { apiVersion = null, kind } = list;
  if (!isJsonObject(item) || item['kind'] !== undefined || typeof kind !== 'string') return item;
  return { ...item, apiVersion, kind: kind.slice(0, -'List'.length) };
}

/** `apps` for `apps/v1`, and `v1` for the core group, which has no name. */
function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? apiVersion : apiVersion.slice(0, slash);
}

function lookUp(value: JsonObject, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path) found = isJsonObject(found) ? found[key] : undefined;
  return found;
}

function nameOf(metadata: JsonObject): string | undefined {
  const generateName = textOf(metadata['generateName']);
  return textOf(metadata['name']) ?? (generateName === undefined ? undefined : `${generateName}*`);
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
