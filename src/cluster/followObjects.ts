import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'winston';
import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import type { KubeClient, WatchEvent } from './kubeClient.ts';

const shortestWait = 100;
const longestWait = 15_000;

/** A watch that ends sooner has found no API server to rely on: k8s.io/client-go, "very short watch". */
const shortWatch = 1000;

/**
 * Keeps a copy of a collection in step with the API server, by a list and the watch behind it; where the watch breaks
 * off, lists again, after a wait that doubles up to 15 seconds until a watch lasts. Ends with the signal.
 *
 * @param path of the collection, with a selector perhaps: `/api/v1/…?fieldSelector=…`
 * @param onChange gets all the objects, by name, each time that one of them has changed; first when all are there.
 */
export async function followObjects(
  client: KubeClient,
  path: string,
  onChange: (objects: ReadonlyMap<string, JsonObject>) => void,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  let wait = shortestWait;
  const pause = async (): Promise<void> => {
    const milliseconds = wait;
    wait = Math.min(wait * 2, longestWait);
    await sleep(milliseconds, undefined, { signal });
  };
  while (!signal.aborted) {
    try {
      const list = await client.get(path);
      const objects = new Map(itemsOf(list).map((object) => [nameOf(object), object]));
      let version = versionOf(list);
      onChange(new Map(objects));
      while (!signal.aborted) {
        const startedAt = performance.now();
        const onEvent = (event: WatchEvent): void => {
          version = versionOf(event.object) || version;
          if (apply(event, objects)) onChange(new Map(objects));
        };
        await client.watch(withVersion(path, version), onEvent, signal).finally(() => {
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

/** Whether anything has changed by it. */
function apply({ type, object }: WatchEvent, objects: Map<string, JsonObject>): boolean {
  if (type === 'BOOKMARK') return false;
  if (type === 'DELETED') return objects.delete(nameOf(object));
  objects.set(nameOf(object), object);
  return true;
}

function itemsOf(list: JsonObject): readonly JsonObject[] {
  const items: Json | undefined = list['items'];
  if (Array.isArray(items)) return items as readonly JsonObject[];
  // Taken for an empty list, it would take all policies out of force.
  throw new Error('the API server answered no list');
}

function withVersion(path: string, version: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}resourceVersion=${encodeURIComponent(version)}`;
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
