import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

/** A line that somebody said of a container. */
export interface Message {
  /** As the status says; `null` where it stands in a log or an event. */
  readonly container: string | null;
  readonly text: string;
}

/** Lists may hold lists; nobody nests them deeper than this. */
const deepestList = 8;

const statusLists = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'] as const;

/**
 * The lines of a pod's status and of events, also within a list; `undefined` for a document that is none of them.
 *
 * Source: k8s.io/api core/v1, `ContainerStatus` and `Event`.
 */
export function findMessages(document: Json, depth = 0): readonly Message[] | undefined {
  if (!isJsonObject(document) || typeof document['kind'] !== 'string') return undefined;
  const { kind, items } = document;
  if (kind.endsWith('List') && Array.isArray(items) && depth < deepestList) {
    // The items of a list from the API server carry no kind of their own.
    const kindOfItems = kind.slice(0, -'List'.length);
    const found = items.map((item) =>
      findMessages(isJsonObject(item) && kindOfItems !== '' ? { kind: kindOfItems, ...item } : item, depth + 1),
    );
    return found.some((messages) => messages !== undefined) ? found.flatMap((messages) => messages ?? []) : undefined;
  }
  if (kind === 'Event') return linesOf(null, document['message'] ?? document['note']);
  return kind === 'Pod' && isJsonObject(document['status']) ? messagesOfStatus(document['status']) : undefined;
}

function messagesOfStatus(status: JsonObject): readonly Message[] {
  const statuses = statusLists.flatMap((list) => objectsIn(status[list]));
  return [
    ...statuses.flatMap(({ name, state, lastState }) =>
      [state, lastState].flatMap((each) => messagesOfState(typeof name === 'string' ? name : null, each)),
    ),
    ...objectsIn(status['conditions']).flatMap(({ message }) => linesOf(null, message)),
    ...linesOf(null, status['message']),
  ];
}

function messagesOfState(container: string | null, state: Json | undefined): readonly Message[] {
  if (!isJsonObject(state)) return [];
  const { waiting, terminated } = state;
  return [waiting, terminated].flatMap((each) => (isJsonObject(each) ? linesOf(container, each['message']) : []));
}

function objectsIn(list: Json | undefined): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function linesOf(container: string | null, text: Json | undefined): readonly Message[] {
  if (typeof text !== 'string') return [];
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [{ container, text: line }]));
}
