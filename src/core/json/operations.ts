import type { Json, JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';
import type { Patch, PatchOperation } from './patch.ts';
import { escapePointerToken } from './patch.ts';

export interface Addition {
  /** Keys and indices from the root; `-` at the end appends to a list. */
  readonly path: readonly string[];
  readonly value: Json;
}

/** A parent that the patch itself makes: what comes below it goes straight into its value. */
type Made = { [key: string]: Json } | Json[];

/**
 * Where additions pass through. There may be a hundred thousand of them, many below the same container: to go down from
 * place to place is cheaper than to put a pointer together for each.
 */
interface Place {
  readonly key: string;
  /** What the document has there. */
  readonly present: Json | undefined;
  made: Made | undefined;
  /** Most places have one that is looked for below them, and need no map. */
  first: Place | undefined;
  others: Map<string, Place> | undefined;
}

/**
 * The RFC 6902 operations that make additions to a document and take removals from it. A parent that is missing, or
 * null, is made once, with all that comes below it. The operations always apply to the document they were made for.
 *
 * @param removals paths that exist; they are taken out first, the last entries of a list before its first.
 */
export function makeOperations(
  document: JsonObject,
  additions: readonly Addition[],
  removals: readonly (readonly string[])[] = [],
): Patch {
  const operations: PatchOperation[] = [...removals]
    .sort(compareForRemoval)
    .map((path) => ({ op: 'remove', path: pointer(path) }));
  const root: Place = { key: '', present: document, made: undefined, first: undefined, others: undefined };
  for (const { path, value } of additions) {
    const operation = addOnce(root, path, value);
    if (operation !== undefined) operations.push(operation);
  }
  return operations;
}

function addOnce(root: Place, path: readonly string[], value: Json): PatchOperation | undefined {
  let place = root;
  for (let depth = 1; depth < path.length; depth += 1) {
    place = placeBelow(place, path[depth - 1] ?? '');
    if (place.present !== undefined && place.present !== null) continue;
    if (place.made !== undefined) {
      put(place.made, path, depth, value);
      return undefined;
    }
    const made: Made = path[depth] === '-' ? [] : {};
    put(made, path, depth, value);
    place.made = made;
    return { op: 'add', path: pointer(path, depth), value: made };
  }
  return { op: 'add', path: pointer(path), value };
}

function placeBelow(place: Place, key: string): Place {
  if (place.first?.key === key) return place.first;
  const known = place.others?.get(key);
  if (known !== undefined) return known;
  const below: Place = {
    key,
    present: childOf(place.present, key),
    made: undefined,
    first: undefined,
    others: undefined,
  };
  if (place.first === undefined) {
    place.first = below;
  } else {
    place.others ??= new Map();
    place.others.set(key, below);
  }
  return below;
}

/** Puts a value into what the patch makes, at `path` from `start` on, with whatever is still missing on the way. */
function put(root: Made, path: readonly string[], start: number, value: Json): void {
  let parent: Made = root;
  for (let depth = start; depth < path.length - 1; depth += 1) {
    const key = path[depth] ?? '';
    const next: Json | undefined = childOf(parent, key);
    const child: Made = isMade(next) ? next : path[depth + 1] === '-' ? [] : {};
    if (child !== next && !Array.isArray(parent)) parent[key] = child;
    parent = child;
  }
  const last = path.at(-1) ?? '';
  if (Array.isArray(parent)) parent.push(value);
  else parent[last] = value;
}

function isMade(value: Json | undefined): value is Made {
  return Array.isArray(value) || isJsonObject(value);
}

function childOf(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) return parent[Number(key)];
  return isJsonObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

/** @param length how many of the path's first tokens */
function pointer(path: readonly string[], length = path.length): string {
  let text = '';
  for (let depth = 0; depth < length; depth += 1) text += `/${escapePointerToken(path[depth] ?? '')}`;
  return text;
}

/** Orders paths for taking what is there out one after the other: of one list, the last entries first. */
function compareForRemoval(left: readonly string[], right: readonly string[]): number {
  const [leftParent, rightParent] = [pointer(left.slice(0, -1)), pointer(right.slice(0, -1))];
  if (leftParent !== rightParent) return leftParent < rightParent ? -1 : 1;
  return Number(right.at(-1)) - Number(left.at(-1)) || 0;
}
