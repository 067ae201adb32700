/**
 * How many bytes a pod takes in the API server's store. It is stored as protocol buffers: a field's name is a tag of a
 * byte or two, a text its UTF-8 with its length before it; an entry of a map is a message of two fields. What is known of
 * the messages is in storedFields.ts; a field that is not there, of a newer Kubernetes, is estimated from its JSON.
 *
 * Source: k8s.io/api core/v1, `generated.pb.go`; k8s.io/apimachinery meta/v1, api/resource and util/intstr, their
 * `Marshal`, and pkg/runtime/serializer/protobuf; protobuf.dev, "Encoding".
 */
import type { Json, JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import type { Patch } from '../json/patch.ts';
import { readPointer } from '../json/patch.ts';
import { utf8Length } from '../json/utf8.ts';
import type { Field, Message, Scalar } from './storedMessages.ts';
import { emptySize, podMessage, withNested } from './storedMessages.ts';
import { secondsOf } from './time.ts';
import { varintSize, withLength } from './varint.ts';

/**
 * The most that etcd stores at a time. Source: etcd server/embed, `DefaultMaxRequestBytes`; an installation may have
 * another, but kube-harden cannot know.
 */
export const mostStoredBytes = 1.5 * 1024 * 1024;

/**
 * What comes to a pod only after the webhooks, its uid, its status and its name among them, and what the API server and
 * etcd put around it.
 */
const bytesAround = 1024;

/** What is nested deeper in a field that is not known, no API server has sent: a pod's messages nest some twelve deep. */
const deepestUnknown = 40;

/** What the API server leaves out where an object is too large with it: k8s.io/apiserver, `isTooLargeError`. */
const dispensable = 'managedFields';

/** How many bytes a field takes that is not known, or whose value is not of its kind: the two ways to be wrong. */
type Unknown = (name: string, value: Json) => number;

const most: Unknown = (name, value) => (name === dispensable ? 0 : utf8Length(name) + unknownSize(value, 0));
const least: Unknown = () => 0;

/** At most so many bytes a pod takes in the store. */
export function storedSize(pod: JsonObject): number {
  return bytesAround + messageSize(podMessage, pod, most);
}

/** At least so many bytes a pod takes in the store; the API server may write the status anew. */
export function leastStoredSize(pod: JsonObject): number {
  return messageSize(podMessage, { ...pod, status: null }, least);
}

/** At most so many bytes come to a pod by a patch. */
export function patchSize(pod: JsonObject, patch: Patch): number {
  let bytes = 0;
  for (const operation of patch) {
    if (operation.op === 'remove') continue;
    const path = readPointer(operation.path);
    // The messages around it may need another byte for their length.
    bytes += 2 + sizeAt(path, operation.value);
    const replaced = path.at(-2) === 'annotations' ? lookUp(pod, path) : undefined;
    if (replaced !== undefined) bytes -= sizeAt(path, replaced);
  }
  return bytes;
}

function sizeAt(path: readonly string[], value: Json): number {
  let field: Field = { tag: 0, kind: podMessage, holds: 'one', empty: 0, isNested: false };
  for (const key of path) {
    if (field.holds === 'map') return entrySize(field, key, value, most);
    if (field.holds === 'list') {
      field = { ...field, holds: 'one' };
      continue;
    }
    const inner: Field | undefined = typeof field.kind === 'string' ? undefined : field.kind.fields.get(key);
    if (inner === undefined) return most(key, value);
    field = inner;
  }
  return fieldSize(field, value, most);
}

function lookUp(value: JsonObject, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path) found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return found;
}

function messageSize(message: Message, value: JsonObject, unknown: Unknown): number {
  let own = message.empty;
  let nested = message.nested?.empty ?? 0;
  for (const key in value) {
    const given = value[key] ?? null;
    if (given === null) continue;
    const field = message.fields.get(key);
    if (field === undefined) own += unknown(key, given);
    else if (field.isNested) nested += fieldSize(field, given, unknown) - field.empty;
    else own += fieldSize(field, given, unknown) - field.empty;
  }
  return withNested(own, message.nested, nested);
}

/** A field with its tag; each entry of a list is one. */
function fieldSize(field: Field, value: Json, unknown: Unknown): number {
  if (field.holds === 'one') return field.tag + valueSize(field.kind, value, unknown);
  let bytes = 0;
  if (field.holds === 'list') {
    if (!Array.isArray(value)) return unknown('', value);
    for (const entry of value as readonly Json[]) bytes += field.tag + valueSize(field.kind, entry, unknown);
    return bytes;
  }
  if (!isJsonObject(value)) return unknown('', value);
  for (const key in value) bytes += entrySize(field, key, value[key] ?? null, unknown);
  return bytes;
}

function entrySize({ tag, kind }: Field, key: string, value: Json, unknown: Unknown): number {
  return tag + withLength(1 + withLength(utf8Length(key)) + 1 + valueSize(kind, value, unknown));
}

/** A value with its length, if it has one before it. */
function valueSize(kind: Scalar | Message, value: Json, unknown: Unknown): number {
  if (value === null) return emptySize(kind);
  if (typeof kind === 'string') return scalarSizes[kind](value) ?? unknown('', value);
  return isJsonObject(value) ? withLength(messageSize(kind, value, unknown)) : unknown('', value);
}

const textSize = (text: string): number => withLength(utf8Length(text));

/** Nothing for what is not of the kind. */
const scalarSizes: Readonly<Record<Scalar, (value: Json) => number | undefined>> = {
  string: (value) => (typeof value === 'string' ? textSize(value) : undefined),
  bool: (value) => (typeof value === 'boolean' ? 1 : undefined),
  int: (value) => (typeof value === 'number' ? varintSize(value) : undefined),
  Quantity: (value) => {
    const text = typeof value === 'number' ? String(value) : value;
    return typeof text === 'string' ? withLength(1 + textSize(text)) : undefined;
  },
  // Its type, its number and its text, of which it has one.
  IntOrString: (value) => {
    if (typeof value === 'number') return withLength(2 + 1 + varintSize(value) + 2);
    return typeof value === 'string' ? withLength(2 + 2 + 1 + textSize(value)) : undefined;
  },
  // Its seconds since 1970, and no nanoseconds.
  Time: (value) => {
    const seconds = typeof value === 'string' ? secondsOf(value) : undefined;
    return seconds === undefined ? undefined : withLength(1 + varintSize(seconds) + 2);
  },
};

/**
 * A value of which only JSON is known, with the longest tag. The fields of a message that are written although they are
 * empty are not seen, but the names, which are not written, are counted.
 */
function unknownSize(value: Json, depth: number): number {
  if (depth > deepestUnknown) return 0;
  switch (typeof value) {
    case 'string':
      return 2 + textSize(value);
    case 'number':
      return 2 + 10;
    case 'boolean':
      return 2 + 1;
  }
  if (value === null) return 2 + 1;
  let bytes = 0;
  if (isJsonObject(value)) {
    for (const key in value) bytes += utf8Length(key) + unknownSize(value[key] ?? null, depth + 1);
    return 2 + withLength(bytes);
  }
  for (const entry of value) bytes += unknownSize(entry, depth + 1);
  return bytes;
}
