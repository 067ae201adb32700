import type { Line } from './line.ts';
import { findFirst, hasAny } from './line.ts';

/** What a path in a message may stand behind. */
const opening = new Set([...' \t"\'`([{<=:,‘“']);

/** What ends a path in a message. */
const closing = new Set([...' \t"\'`)]}>,;|’”']);

interface Found {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** The absolute paths in a line, in their order, the script and the line number before an error of a shell left out. */
function findPaths({ text }: Line): readonly Found[] {
  const found: Found[] = [];
  for (let start = text.indexOf('/'); start !== -1; start = text.indexOf('/', start)) {
    let end = start + 1;
    while (end < text.length && !closing.has(text[end] ?? '') && !isColonAtEnd(text, end)) end += 1;
    const path = text.slice(start, end).replace(/[.!?]$/, '');
    const isPath = (start === 0 || opening.has(text[start - 1] ?? '')) && /^\/[^/\s]/.test(path);
    if (isPath && !text.startsWith(': line ', end)) found.push({ path, start, end });
    start = end;
  }
  return found;
}

/** A colon ends a path where something follows that is no part of it: `open /tmp/x: read-only file system`. */
function isColonAtEnd(text: string, position: number): boolean {
  return text[position] === ':' && (position + 1 === text.length || /[\s/]/.test(text[position + 1] ?? ''));
}

/**
 * The directory that a message speaks of: that of the path nearest before the words of the error, else behind them.
 * `null` where it names none, or one in which nothing can be mounted.
 *
 * @param error where the words of the error begin
 */
export function directoryIn(line: Line, error: number): string | null {
  const paths = findPaths(line);
  const before = paths.filter(({ start }) => start < error).at(-1);
  const nearest = before ?? paths.find(({ start }) => start >= error);
  return nearest === undefined ? null : directoryOf(trimSlash(nearest.path), line);
}

/** The path nearest to the words of an error as it stands there. */
export function pathIn(line: Line, error: number): string | null {
  const paths = findPaths(line);
  const nearest = paths.filter(({ start }) => start < error).at(-1) ?? paths[0];
  return nearest === undefined ? null : trimSlash(nearest.path);
}

const makesDirectory = ['mkdir', 'create directory', 'creating directory', 'make directory', 'create dir '];
const isDirectoryItself = [
  'is not writable',
  'not writable by',
  'read-only directory',
  'in server root dir',
  'changing ownership of',
  'change ownership of',
  'changing permissions of',
  'change permissions of',
  'chown',
  'chmod',
  'access directory',
  'open directory',
  'permissions of directory',
  'data directory',
  'listing files in',
  'find: ',
  'ls: ',
];

function directoryOf(path: string, line: Line): string | null {
  if (hasAny(line, makesDirectory)) return isHidden(path) ? path : (parentOf(path) ?? path);
  if (hasAny(line, isDirectoryItself) && !looksLikeFile(path)) return path;
  return parentOf(path);
}

/** The directory above; `null` for what lies in the root. */
function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? null : path.slice(0, slash);
}

/** Programs keep a directory of their own in a home: what lies beside it may be the image's. */
function isHidden(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith('.');
}

/** By its ending, or for standing in a directory of files: `conf.d`. */
function looksLikeFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.includes('.') || parentOf(path)?.endsWith('.d') === true;
}

function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Where the words of an error begin; the line's end where there are none of them. */
export function errorAt(line: Line, words: readonly string[]): number {
  const position = findFirst(line, words);
  return position === -1 ? line.text.length : position;
}
