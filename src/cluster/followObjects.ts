import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'winston';
import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import type { KubeClient, WatchEvent } from './kubeClient.ts';

const shortestWait = 100;
const longestWait = 15_000;

/** A watch that ends sooner has found no API server to rely on: k8s.io/client-go, "very short watch". */
const shortWatch = 1000;

/** Of objects in a page of a list: ten of the largest are parsed in a few milliseconds. */
const pageSize = 10;

export interface FollowOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Of each object, what `identityOf` keeps of its metadata: for collections of large objects that change fast. */
  readonly isMetadataOnly?: boolean;
}

/**
 * An informer: keeps a copy of a collection in step with the API server, by a list and the watch behind it; where the
 * watch breaks off, lists again, after a wait that doubles up to 15 seconds until a watch lasts. Ends with the signal.
 *
 * @param path of the collection, with a selector perhaps: `/api/v1/…?fieldSelector=…`
 * @param onChange gets all the objects, by name, first when all are there, then once for all that has changed since the
 *   last turn of the event loop. It is the copy itself, which goes on changing.
 */
export async function followObjects(
  client: KubeClient,
  path: string,
  onChange: (objects: ReadonlyMap<string, JsonObject>) => void,
  { logger, signal, isMetadataOnly = false }: FollowOptions,
): Promise<void> {
  let wait = shortestWait;
  const pause = async (): Promise<void> => {
    const milliseconds = wait;
    wait = Math.min(wait * 2, longestWait);
    await sleep(milliseconds, undefined, { signal });
  };
  const keepOf = isMetadataOnly ? identityOf : (object: JsonObject): JsonObject => object;
  while (!signal.aborted) {
    try {
      const { objects, version: listed } = await listObjects(client, path, isMetadataOnly, keepOf);
      let version = listed;
      onChange(objects);
      let isTold = true;
      const tellSoon = (): void => {
        if (!isTold) return;
        isTold = false;
        setImmediate(() => {
          isTold = true;
          if (!signal.aborted) onChange(objects);
        });
      };
      while (!signal.aborted) {
        const startedAt = performance.now();
        const onEvent = (event: WatchEvent): void => {
          version = versionOf(event.object) || version;
          if (apply(event, objects, keepOf)) tellSoon();
        };
        await client.watch(withVersion(path, version), onEvent, signal, { isMetadataOnly }).finally(() => {
          if (performance.now() - startedAt > shortWatch) wait = shortestWait;
        });
        // An API server that is going down ends each watch at once.
        await pause();
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.warn('watch broken off', { path, error: describeFault(error), again: `in ${wait} ms` });
      await pause().catch(() => {});
    }
  }
}

/** All the objects of a collection, read page by page, and the version of the collection that they are of. */
async function listObjects(
  client: KubeClient,
  path: string,
  isMetadataOnly: boolean,
  keepOf: (object: JsonObject) => JsonObject,
): Promise<{ objects: Map<string, JsonObject>; version: string }> {
  const objects = new Map<string, JsonObject>();
  let next = '';
  for (;;) {
    const parameters = `limit=${pageSize}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`;
    const list = await client.get(withParameters(path, parameters), { isMetadataOnly });
    for (const object of itemsOf(list)) objects.set(nameOf(object), keepOf(object));
    next = String(metadataOf(list)['continue'] ?? '');
    if (next === '') return { objects, version: versionOf(list) };
  }
}

/** What tells an object, and each state of it, from all others; an annotation may have a quarter of a megabyte. */
function identityOf(object: JsonObject): JsonObject {
  const { name = '', uid = '', generation = 0, resourceVersion = '', creationTimestamp = '' } = metadataOf(object);
  return { metadata: { name, uid, generation, resourceVersion, creationTimestamp } };
}

/** Whether anything has changed by it. */
function apply(
  { type, object }: WatchEvent,
  objects: Map<string, JsonObject>,
  keepOf: (object: JsonObject) => JsonObject,
): boolean {
  if (type === 'BOOKMARK') return false;
  if (type === 'DELETED') return objects.delete(nameOf(object));
  objects.set(nameOf(object), keepOf(object));
  return true;
}

function itemsOf(list: JsonObject): readonly JsonObject[] {
  const items: Json | undefined = list['items'];
  if (Array.isArray(items)) return items as readonly JsonObject[];
  // So an API server writes the list of no metadata.
  if (items === null && list['kind'] === 'PartialObjectMetadataList') return [];
  // Taken for an empty list, it would take all policies out of force.
  throw new Error('the API server answered no list');
}

function withVersion(path: string, version: string): string {
  return withParameters(path, `resourceVersion=${encodeURIComponent(version)}`);
}

function withParameters(path: string, parameters: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${parameters}`;
}

/** What stands under `metadata`. */
export function metadataOf(object: JsonObject): JsonObject {
  return isJsonObject(object['metadata']) ? object['metadata'] : {};
}

/** `metadata.name`. */
export function nameOf(object: JsonObject): string {
  return String(metadataOf(object)['name'] ?? '');
}

function versionOf(object: JsonObject): string {
  return String(metadataOf(object)['resourceVersion'] ?? '');
}

/** What went wrong on the way to the API server, in one line. */
export function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Where several addresses were tried, the error itself is empty.
  const text = error.message || String((error as { code?: unknown }).code ?? error.name);
  return text.split('\n')[0] ?? text;
}
