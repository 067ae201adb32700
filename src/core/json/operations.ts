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
  const made = new Map<string, Made>();
  for (const { path, value } of additions) {
    const operation = addOnce(document, path, value, made);
    if (operation !== undefined) operations.push(operation);
  }
  return operations;
}

function addOnce(
  document: JsonObject,
  path: readonly string[],
  value: Json,
  made: Map<string, Made>,
): PatchOperation | undefined {
  let parent: Json | undefined = document;
  for (let depth = 1; depth < path.length; depth += 1) {
    parent = childOf(parent, path[depth - 1] ?? '');
    if (parent !== undefined && parent !== null) continue;
    const here = pointer(path.slice(0, depth));
    const madeHere = made.get(here);
    const root: Made = madeHere ?? (path[depth] === '-' ? [] : {});
    put(root, path, depth, value);
    if (madeHere !== undefined) return undefined;
    made.set(here, root);
    return { op: 'add', path: here, value: root };
  }
  return { op: 'add', path: pointer(path), value };
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

function pointer(path: readonly string[]): string {
  let text = '';
  for (const token of path) text += `/${escapePointerToken(token)}`;
  return text;
}

/** Orders paths for taking what is there out one after the other: of one list, the last entries first. */
function compareForRemoval(left: readonly string[], right: readonly string[]): number {
  const [leftParent, rightParent] = [pointer(left.slice(0, -1)), pointer(right.slice(0, -1))];
  if (leftParent !== rightParent) return leftParent < rightParent ? -1 : 1;
  return Number(right.at(-1)) - Number(left.at(-1)) || 0;
}
