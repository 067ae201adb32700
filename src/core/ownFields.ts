/** Finds in a pod what a claim names, and takes it out. Whose it is, the claim has proved; here it is only looked up. */
import type { ClaimedField } from './claims.ts';
import type { FieldName } from './decisions/fieldName.ts';
import { parseFieldName } from './decisions/fieldName.ts';
import type { Json, JsonObject } from './json/json.ts';
import { isJsonObject, isSameJson } from './json/json.ts';
import { bytesOf } from './pod/quantity.ts';

/** A field that an earlier call added and nobody has changed since. */
export interface OwnField extends ClaimedField {
  /** Keys and indices from the pod's root. */
  readonly path: readonly string[];
}

/** The claimed fields that still have the value that kube-harden gave them: any other is somebody's decision. */
export function findOwnFields(pod: JsonObject, claimed: readonly ClaimedField[]): readonly OwnField[] {
  const look = makeLookUp();
  // By its place: what can be taken out once must not be taken out twice.
  const own = new Map<string, OwnField>();
  for (const { name, value } of claimed) {
    const steps = parseFieldName(name);
    const found = steps && locate(pod, steps, look);
    if (found === undefined || !isAsAdded(found.value, value)) continue;
    own.set(found.path.join('/'), { name, value, path: found.path });
  }
  return withoutOrphans([...own.values()]);
}

/** A mount goes with its volume: of a volume that somebody has changed, the mount is that one's to keep. */
function withoutOrphans(own: readonly OwnField[]): readonly OwnField[] {
  const volumes = new Set(own.flatMap(({ path, value }) => (path.at(-2) === 'volumes' ? [nameOf(value)] : [])));
  return own.filter(({ path, value }) => path.at(-2) !== 'volumeMounts' || volumes.has(nameOf(value)));
}

function nameOf(entry: Json): Json | undefined {
  return isJsonObject(entry) ? entry['name'] : undefined;
}

function isAsAdded(present: Json, added: Json): boolean {
  return isSameJson(present, added) || isSameJson(withBytes(present), withBytes(added));
}

/** The API server writes a size limit in a form of its own: `1Gi` for `1024Mi`. */
function withBytes(entry: Json): Json {
  if (!isJsonObject(entry) || !isJsonObject(entry['emptyDir'])) return entry;
  const { sizeLimit = null } = entry['emptyDir'];
  const bytes = typeof sizeLimit === 'string' ? bytesOf(sizeLimit) : undefined;
  return bytes === undefined ? entry : { ...entry, emptyDir: { ...entry['emptyDir'], sizeLimit: bytes } };
}

/** The field by which an entry of a list is known. Source: k8s.io/api core/v1, the lists' patchMergeKey. */
const keyFields: ReadonlyMap<string, string> = new Map([['volumeMounts', 'mountPath']]);

type LookUp = (list: readonly Json[], keyField: string, key: string) => number | undefined;

/** Each list is gone through once, however many of its entries are looked for. */
function makeLookUp(): LookUp {
  const indexes = new Map<readonly Json[], Map<unknown, number>>();
  return (list, keyField, key) => {
    let index = indexes.get(list);
    if (index === undefined) {
      index = new Map();
      for (const [position, entry] of list.entries()) {
        const found = isJsonObject(entry) ? entry[keyField] : undefined;
        if (!index.has(found)) index.set(found, position);
      }
      indexes.set(list, index);
    }
    return index.get(key);
  };
}

function locate(pod: JsonObject, name: FieldName, look: LookUp): { value: Json; path: readonly string[] } | undefined {
  const path: string[] = [];
  let value: Json = pod;
  for (const { field, entry } of name) {
    if (!isJsonObject(value) || !Object.hasOwn(value, field)) return undefined;
    value = value[field] ?? null;
    path.push(field);
    if (entry === undefined) continue;
    const index: number | undefined = Array.isArray(value)
      ? look(value, keyFields.get(field) ?? 'name', entry)
      : undefined;
    if (!Array.isArray(value) || index === undefined) return undefined;
    value = value[index] ?? null;
    path.push(String(index));
  }
  return { value, path };
}

/** What is to be taken out below a value: by key or index, `true` for the whole. */
type Cut = Map<string, Cut | true>;

/** The pod as its author wrote it: without kube-harden's own fields. What is not touched is not copied. */
export function withoutOwnFields(pod: JsonObject, own: readonly OwnField[]): JsonObject {
  const root: Cut = new Map();
  for (const { path } of own) {
    let cut = root;
    for (const key of path.slice(0, -1)) {
      const next: Cut | true = cut.get(key) ?? new Map();
      if (next === true) break;
      cut.set(key, next);
      cut = next;
    }
    cut.set(path.at(-1) ?? '', true);
  }
  return cutOut(pod, root) as JsonObject;
}

function cutOut(value: Json, cut: Cut): Json {
  const kept = <Key extends string>(entries: readonly (readonly [Key, Json])[]): (readonly [Key, Json])[] =>
    entries
      .filter(([key]) => cut.get(key) !== true)
      .map(([key, entry]) => {
        const below = cut.get(key);
        return [key, below === undefined || below === true ? entry : cutOut(entry, below)];
      });
  if (Array.isArray(value)) return kept(value.map((entry, index) => [String(index), entry])).map(([, entry]) => entry);
  return isJsonObject(value) ? Object.fromEntries(kept(Object.entries(value))) : value;
}
