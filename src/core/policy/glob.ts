/**
 * Globs over names with slashes, in the manner of .gitignore: `*` stays within one segment, `**` crosses them, `?` is one
 * character and `[a-z]` one of a class.
 *
 * Written here and not taken from a library because the names come from pods' authors and the published matchers are
 * built on backtracking regular expressions. This one goes through a name once, needs next to nothing to compile a pattern,
 * and says of what it compiles what it can match at all, and whether it has to search.
 */

/** A class of characters: ranges of which both ends belong to it. */
export interface CharacterClass {
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [from: string, to: string])[];
}

/** Characters in a row that stand for themselves; `?` for any one, or a class; or `*`. */
export type Token = string | CharacterClass;

/** A segment without wildcards is a string, and so is `**`. */
export type Segment = string | readonly Token[];

export type Glob = readonly Segment[];

/** Any number of segments. */
export const anySegments = '**';

/** A pattern that cannot be read: what is wrong with it, as words for people. */
export interface GlobProblem {
  readonly problem: string;
}

/** Reads a glob; a `**` at the end stands for one segment at least, as in .gitignore. */
export function readGlob(pattern: string): Glob | GlobProblem {
  const segments: Segment[] = [];
  for (const text of pattern.split('/')) {
    const segment = readSegment(text);
    if (isGlobProblem(segment)) return segment;
    segments.push(segment);
  }
  return segments.at(-1) === anySegments ? [...segments, ['*']] : segments;
}

export function isGlobProblem(value: object | string): value is GlobProblem {
  return typeof value === 'object' && 'problem' in value;
}

/** Whether a glob has no wildcards. */
export function isLiteral(glob: Glob): boolean {
  return glob.every((segment) => typeof segment === 'string' && segment !== anySegments);
}

/**
 * Whether a name has to be searched for something that stands between two stars, or between two `**`. All other globs are
 * held against its beginning and its end alone.
 */
export function needsSearch(glob: Glob): boolean {
  const stars = (segment: Segment): number =>
    typeof segment === 'string' ? 0 : segment.filter((token) => token === '*').length;
  return glob.filter((segment) => segment === anySegments).length > 1 || glob.some((segment) => stars(segment) > 1);
}

/** Whether some of that has wildcards of its own, `?` or classes. */
export function needsSlowSearch(glob: Glob): boolean {
  return glob.some((segment) => {
    if (typeof segment === 'string') return false;
    const between = segment.slice(segment.indexOf('*'), segment.lastIndexOf('*') + 1);
    return between.some((token) => typeof token !== 'string' || token === '?');
  });
}

/** Whether a name is what the glob describes. */
export function matchesGlob(glob: Glob, name: string): boolean {
  let part = glob.length - 1;
  let end = name.length;
  // From the end, where names differ the most: until a `**`, each segment has one place where it can be.
  for (; part >= 0 && glob[part] !== anySegments; part -= 1) {
    if (end < 0) return false;
    const start = name.lastIndexOf('/', end - 1) + 1;
    if (!matchesSegment(glob[part] ?? '', name.slice(start, end))) return false;
    end = start - 1;
  }
  return part < 0 ? end < 0 : matchesHead(glob, part, name, end);
}

/** Whether the segments before a place in a name are what a glob describes until its last `**`. */
function matchesHead(glob: Glob, lastAny: number, name: string, end: number): boolean {
  let part = 0;
  let start = 0;
  for (; glob[part] !== anySegments; part += 1) {
    if (start > end) return false;
    const slash = name.indexOf('/', start);
    const next = slash === -1 || slash > end ? end : slash;
    if (!matchesSegment(glob[part] ?? '', name.slice(start, next))) return false;
    start = next + 1;
  }
  if (part === lastAny) return true;
  return matchesSegments(glob.slice(part, lastAny + 1), start > end ? [] : name.slice(start, end).split('/'));
}

/** Whether a text without slashes is what a segment describes. */
export function matchesSegment(segment: Segment, text: string): boolean {
  if (typeof segment === 'string') return segment === text;
  let first = 0;
  let start = 0;
  for (; first < segment.length && segment[first] !== '*'; first += 1) {
    const token = segment[first] ?? '';
    if (!stands(token, text, start)) return false;
    start += widthOf(token);
  }
  if (first === segment.length) return start === text.length;
  let last = segment.length - 1;
  let end = text.length;
  for (; segment[last] !== '*'; last -= 1) {
    const token = segment[last] ?? '';
    end -= widthOf(token);
    if (end < start || !stands(token, text, end)) return false;
  }
  return first === last || hasPieces(segment.slice(first + 1, last), text.slice(start, end));
}

/** Whether what stands between stars is there, one after the other: the first place where each can be leaves the most. */
function hasPieces(tokens: readonly Token[], text: string): boolean {
  let place = 0;
  for (let first = 0; first < tokens.length; ) {
    const star = tokens.indexOf('*', first);
    const last = star === -1 ? tokens.length : star;
    place = findPiece(tokens.slice(first, last), text, place);
    if (place === -1) return false;
    first = last + 1;
  }
  return true;
}

/** The place behind the first one where a piece stands; -1 where it does not. */
function findPiece(piece: readonly Token[], text: string, from: number): number {
  const width = piece.reduce((sum, token) => sum + widthOf(token), 0);
  const [only = ''] = piece;
  if (piece.length === 1 && typeof only === 'string' && only !== '?') {
    const found = text.indexOf(only, from);
    return found === -1 ? -1 : found + width;
  }
  for (let start = from; start + width <= text.length; start += 1) {
    let place = start;
    const isHere = piece.every((token) => {
      const here = place;
      place += widthOf(token);
      return stands(token, text, here);
    });
    if (isHere) return place;
  }
  return -1;
}

function widthOf(token: Token): number {
  return typeof token === 'string' ? token.length : 1;
}

function stands(token: Token, text: string, place: number): boolean {
  if (token === '?') return place < text.length;
  if (typeof token === 'string') return text.startsWith(token, place);
  return place < text.length && isInClass(token, text.charAt(place));
}

/** Whether a class has a character. */
export function isInClass({ isNegated, ranges }: CharacterClass, character: string): boolean {
  for (const [from, to] of ranges) if (character >= from && character <= to) return !isNegated;
  return isNegated;
}

/**
 * Whether names are what segments describe, one by one, where `**` stands for any number of names. Once a second one is
 * reached, the first one need never take more: so there is one place to go back to, and no stack of them.
 */
function matchesSegments(segments: readonly Segment[], names: readonly string[]): boolean {
  let part = 0;
  let item = 0;
  let partAfterAny = -1;
  let itemAfterAny = 0;
  while (item < names.length) {
    const expected = segments[part];
    if (expected === anySegments) {
      part += 1;
      partAfterAny = part;
      itemAfterAny = item;
    } else if (expected !== undefined && matchesSegment(expected, names[item] ?? '')) {
      part += 1;
      item += 1;
    } else if (partAfterAny === -1) {
      return false;
    } else {
      itemAfterAny += 1;
      part = partAfterAny;
      item = itemAfterAny;
    }
  }
  while (segments[part] === anySegments) part += 1;
  return part === segments.length;
}

function readSegment(text: string): Segment | GlobProblem {
  if (text === anySegments || !/[*?[\]]/.test(text)) return text;
  const tokens: Token[] = [];
  // Stars in a row are one, but for the two that are a whole segment.
  for (const [found, inClass] of text.matchAll(/\[([^\]]*)\]|\*+|[^*?[\]]+|./gs)) {
    if (found === '[') return { problem: 'has a "[" without its "]": leave it out, or close it as in "[a-z]"' };
    if (found === ']') return { problem: 'has a "]" that closes nothing: leave it out' };
    const token = inClass === undefined ? found.replace(/\*+/, '*') : readClass(inClass);
    if (isGlobProblem(token)) return token;
    tokens.push(token);
  }
  return tokens;
}

/** Reads what stands between the brackets. */
function readClass(text: string): CharacterClass | GlobProblem {
  const isNegated = /^[!^]/.test(text);
  const items = isNegated ? text.slice(1) : text;
  if (items === '') return { problem: 'has "[]" without anything in it: write "?" for any one character' };
  if (!/^-?([a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|[\w.])*-?$/.test(items)) {
    return { problem: `has "[${text}]": between brackets stand letters, digits and ranges, as in "[a-z0-9]"` };
  }
  const ranges = [...items.matchAll(/(\w)-(\w)|./g)].map(([all, from = all, to = all]) => [from, to] as const);
  const downwards = ranges.find(([from, to]) => from > to);
  if (downwards === undefined) return { isNegated, ranges };
  const [from, to] = downwards;
  return { problem: `has "[${from}-${to}]", which is empty: write "[${to}-${from}]"` };
}
