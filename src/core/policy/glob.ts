/**
 * Globs over names with slashes, in the manner of .gitignore: `*` stays within one segment, `**` crosses them, `?` is one
 * character and `[a-z]` one of a class.
 *
 * Written here and not taken from a library because the names come from pods' authors and the published matchers are
 * built on backtracking regular expressions. This one takes the product of both lengths at most, needs next to nothing
 * to compile a pattern, and says of what it compiles what it can match at all.
 */

/** A class of characters: ranges of which both ends belong to it. */
export interface CharacterClass {
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [from: string, to: string])[];
}

/** One character of a segment: itself, `?` for any, or a class; or `*`. */
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
  if (part < 0) return end < 0;
  if (part === 0) return true;
  return matchesSequence(
    glob.slice(0, part + 1),
    end < 0 ? [] : name.slice(0, end).split('/'),
    anySegments,
    matchesSegment,
  );
}

function matchesSegment(segment: Segment, text: string): boolean {
  if (typeof segment === 'string') return segment === text;
  return matchesSequence(segment, text, '*', matchesCharacter);
}

function matchesCharacter(token: Token, character: string): boolean {
  if (typeof token === 'string') return token === '?' || token === character;
  return isInClass(token, character);
}

/** Whether a class has a character. */
export function isInClass({ isNegated, ranges }: CharacterClass, character: string): boolean {
  for (const [from, to] of ranges) if (character >= from && character <= to) return !isNegated;
  return isNegated;
}

/**
 * Whether items are what parts describe, one by one, where one part stands for any number of items. Once a second such
 * part is reached, the first one need never take more: so there is one place to go back to, and no stack of them.
 */
function matchesSequence<Part>(
  parts: readonly Part[],
  items: string | readonly string[],
  anyNumber: Part,
  matches: (part: Part, item: string) => boolean,
): boolean {
  let part = 0;
  let item = 0;
  let partAfterAny = -1;
  let itemAfterAny = 0;
  while (item < items.length) {
    const expected = parts[part];
    if (expected === anyNumber) {
      part += 1;
      partAfterAny = part;
      itemAfterAny = item;
    } else if (expected !== undefined && matches(expected, items[item] ?? '')) {
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
  while (parts[part] === anyNumber) part += 1;
  return part === parts.length;
}

function readSegment(text: string): Segment | GlobProblem {
  if (text === anySegments || !/[*?[\]]/.test(text)) return text;
  const tokens: Token[] = [];
  // Stars in a row are one, but for the two that are a whole segment.
  for (const [found, inClass] of text.matchAll(/\[([^\]]*)\]|\*+|./gs)) {
    if (found === '[') return { problem: 'has a "[" without its "]": leave it out, or close it as in "[a-z]"' };
    if (found === ']') return { problem: 'has a "]" that closes nothing: leave it out' };
    const token = inClass === undefined ? found.slice(0, 1) : readClass(inClass);
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
