import type { Json } from './json.ts';

/** One RFC 6902 operation; `path` is an RFC 6901 pointer. Hardening needs no other kinds. */
export type PatchOperation =
  | { readonly op: 'add'; readonly path: string; readonly value: Json }
  | { readonly op: 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

export type Patch = readonly PatchOperation[];

/** Escapes one reference token of a JSON pointer (RFC 6901, section 3). */
export function escapePointerToken(token: string): string {
  // Nearly no token has either character, and looking is many times cheaper than replacing.
  if (!token.includes('~') && !token.includes('/')) return token;
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The JSON pointer to a path. */
export function pointerTo(path: readonly string[]): string {
  return path.map((token) => `/${escapePointerToken(token)}`).join('');
}

/** The reference tokens of a JSON pointer. */
export function readPointer(pointer: string): readonly string[] {
  const tokens = pointer.split('/').slice(1);
  return pointer.includes('~') ? tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')) : tokens;
}

/** The same operations on a document that holds the patched object further down, at `path`. */
export function movePatchBelow(patch: Patch, path: readonly string[]): Patch {
  const prefix = pointerTo(path);
  return prefix === '' ? patch : patch.map((operation) => ({ ...operation, path: `${prefix}${operation.path}` }));
}
