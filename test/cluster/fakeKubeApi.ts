import type { KubeClient } from '../../src/cluster/kubeClient.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { isJsonObject } from '../../src/core/json/json.ts';

/** What an API server does with objects: versions, conflicts, merge patches; in memory, and in the words of the real one. */
export interface FakeKubeApi {
  readonly client: KubeClient;
  /** Undefined where there is none. */
  readonly read: (path: string) => JsonObject | undefined;
  /** As somebody else does. */
  readonly put: (path: string, object: JsonObject) => JsonObject;
  readonly remove: (path: string) => void;
  /** The requests of the client that have been answered, as `PATCH /api/…` */
  readonly asked: readonly string[];
  /** Runs before each request is answered; what it throws is the answer. */
  intercept: (request: string) => void;
}

export function makeFakeKubeApi(): FakeKubeApi {
  const objects = new Map<string, JsonObject>();
  const asked: string[] = [];
  let version = 0;

  const put = (path: string, object: JsonObject): JsonObject => {
    version += 1;
    const metadata = { ...(isJsonObject(object['metadata']) && object['metadata']), resourceVersion: String(version) };
    const stored = { ...object, metadata };
    objects.set(path, stored);
    return stored;
  };
  const describe = (path: string): string => {
    const [name, resource] = path.split('/').reverse();
    return `${resource} "${name}"`;
  };
  const find = (path: string): JsonObject => {
    const found = objects.get(path);
    if (found === undefined) throw new KubeApiError(404, `${describe(path)} not found`);
    return found;
  };
  const requireVersion = (path: string, found: JsonObject, body: JsonObject): void => {
    const [is, wanted] = [found, body].map(versionOf);
    if (wanted === undefined || wanted === is) return;
    const advice = 'the object has been modified; please apply your changes to the latest version and try again';
    throw new KubeApiError(409, `Operation cannot be fulfilled on ${describe(path)}: ${advice}`);
  };
  const ask = async (method: string, path: string, answer: () => JsonObject): Promise<JsonObject> => {
    const request = `${method} ${path}`;
    await Promise.resolve();
    api.intercept(request);
    const answered = answer();
    asked.push(request);
    return answered;
  };

  const client: KubeClient = {
    get: (path) => ask('GET', path, () => find(path)),
    create: (collection, body) =>
      ask('POST', collection, () => {
        const path = `${collection}/${nameOf(body)}`;
        if (objects.has(path)) throw new KubeApiError(409, `${describe(path)} already exists`);
        return put(path, body);
      }),
    replace: (path, body) =>
      ask('PUT', path, () => {
        requireVersion(path, find(path), body);
        return put(path, body);
      }),
    merge: (path, body) =>
      ask('PATCH', path, () => {
        requireVersion(path, find(path), body);
        return put(path, mergePatch(find(path), body) as JsonObject);
      }),
    watch: () => Promise.reject(new Error('nobody watches here')),
  };
  const api: FakeKubeApi = {
    client,
    read: (path) => objects.get(path),
    put,
    remove: (path) => objects.delete(path),
    asked,
    intercept: () => {},
  };
  return api;
}

function versionOf({ metadata }: JsonObject): Json | undefined {
  return isJsonObject(metadata) ? metadata['resourceVersion'] : undefined;
}

function nameOf({ metadata }: JsonObject): string {
  return String(isJsonObject(metadata) ? metadata['name'] : undefined);
}

/** RFC 7386, section 2. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, Json> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
