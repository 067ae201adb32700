import { defaultDomain, imageNames, legacyDefaultDomain } from '../pod/imageName.ts';
import type { Glob, GlobProblem } from './glob.ts';
import {
  anySegments,
  isGlobProblem,
  isLiteral,
  matchesGlob,
  matchesSegment,
  needsSearch,
  needsSlowSearch,
  readGlob,
} from './glob.ts';
import { impossibleSegment, isPlainName } from './nameGrammar.ts';

/** Longer patterns are refused: no repository's name is longer (distribution/reference, `RepositoryNameTotalLengthMax`). */
export const longestImagePattern = 255;

/** Patterns with more wildcards than this are refused: no name has so many parts that vary. */
const mostWildcards = 6;

/** A pattern that can match images. */
export interface ImagePattern {
  /** The full name of the one image that it means; undefined where it has wildcards. */
  readonly fullName: string | undefined;
  readonly glob: Glob;
}

/** Image patterns made ready for matching, found by what an image's name must have in it for them to match. */
export interface ImagePatterns<Entry> {
  /** Without wildcards, by the full name. */
  readonly byName: ReadonlyMap<string, readonly Compiled<Entry>[]>;
  /** By a last path segment without wildcards, which nearly all others have. */
  readonly byLastSegment: ReadonlyMap<string, readonly Compiled<Entry>[]>;
  readonly others: readonly Compiled<Entry>[];
}

interface Compiled<Entry> {
  readonly order: number;
  readonly entry: Entry;
  readonly glob: Glob;
}

/** What characters in a pattern say of what its author had in mind, and what to write instead. */
const misunderstandings: readonly { readonly found: RegExp; readonly tell: (pattern: string) => string }[] = [
  { found: /^!/, tell: () => 'cannot exclude images: leave the "!" out, and list those that are meant' },
  { found: /\\/, tell: () => 'has no "\\", since no image name has: leave it out' },
  { found: /[{}]/, tell: () => 'has no braces, since no image name has: write a pattern for each alternative' },
  { found: /[\s,]/, tell: () => 'is one name: write others as patterns of their own, without spaces and commas' },
  { found: /:\/\//, tell: (pattern) => `names no protocol: write ${quote(pattern.replace(/^.*:\/\//, ''))}` },
  {
    found: /^(localhost|[^/:@]*\.[^/:@]*|[^/:@]*[A-Z][^/:@]*):[0-9]+$/,
    tell: (pattern) => `names a registry alone: write ${quote(`${pattern}/**`)}`,
  },
  { found: /@/, tell: (pattern) => `names a repository, with all its digests: write ${quote(withoutTag(pattern))}` },
  {
    found: /^[^[]*:[^/]*$/,
    tell: (pattern) => `names a repository, with all its tags: write ${quote(withoutTag(pattern))}`,
  },
  {
    found: /^\/|\/$|\/\//,
    tell: (pattern) => {
      const repaired = pattern.split('/').filter(Boolean).join('/') || anySegments;
      return `has a name on both sides of each slash: write ${quote(repaired)}`;
    },
  },
];

/** What a pattern has to have for one of them to be the case. */
const unusual = /[^a-z0-9._\-/*?[\]]|^\/|\/$|\/\//;

/** Reads a pattern; of one that cannot be used, or that can match nothing, says why and what to write instead. */
export function readImagePattern(pattern: string): ImagePattern | GlobProblem {
  const read = readPattern(pattern);
  return isGlobProblem(read) ? { problem: `an image pattern ${read.problem}` } : read;
}

function readPattern(pattern: string): ImagePattern | GlobProblem {
  if (pattern === '') return { problem: 'must not be empty: write "**" for all images' };
  if (pattern.length > longestImagePattern) return { problem: `has at most ${longestImagePattern} characters` };
  const narrow = tellNarrow(pattern);
  if (narrow !== undefined) return { problem: narrow };
  // Nearly all are, and far cheaper than to look for each thing that may be wrong.
  if (isPlainName(pattern)) return { fullName: imageNames(pattern)[0], glob: [] };
  const misunderstood = unusual.test(pattern) ? misunderstandings.find(({ found }) => found.test(pattern)) : undefined;
  if (misunderstood !== undefined) return { problem: misunderstood.tell(pattern) };
  const [, stranger] = /([^\w.\-:/*?[\]!^])/.exec(pattern) ?? [];
  if (stranger !== undefined) return { problem: `has no ${quote(stranger)}, since no image name has: leave it out` };
  if ((pattern.match(/\*+|\?|\[/g) ?? []).length > mostWildcards)
    return { problem: `has at most ${mostWildcards} wildcards` };
  const glob = readGlob(withDomain(pattern));
  if (isGlobProblem(glob)) return glob;
  const impossible = impossibleSegment(glob);
  if (impossible !== undefined) return { problem: tellImpossible(pattern, glob.indexOf(impossible)) };
  if (/^index\.docker\.[^/]*[*?[][^/]*\//.test(pattern)) {
    const repaired = pattern.replace(/^[^/]*/, defaultDomain);
    return {
      problem: `can match nothing of Docker Hub: images of ${legacyDefaultDomain} are told as ${defaultDomain}: write ${quote(repaired)}`,
    };
  }
  return { fullName: isLiteral(glob) ? imageNames(pattern)[0] : undefined, glob };
}

/** What is meant to be a registry or Docker Hub's organisation, and would be an official image of that name. */
function tellNarrow(pattern: string): string | undefined {
  const name = withDomain(pattern);
  if (name === `${defaultDomain}/library`) return `names an organisation alone: write ${quote(`${name}/*`)}`;
  if (pattern === legacyDefaultDomain) return tellNarrow(defaultDomain);
  // No official image has a dot in its name, so far; no registry has an underscore, or dots in a row.
  const isRegistry = name === 'localhost' || /^(?:[a-z0-9*?](?:[a-z0-9*?-]*[a-z0-9*?])?\.)+[a-z0-9*?]+$/.test(name);
  return isRegistry ? `names a registry alone: write ${quote(`${name}/**`)}` : undefined;
}

function tellImpossible(pattern: string, segment: number): string {
  const lower = pattern.toLowerCase();
  // Only a registry may have capitals; what was written is perhaps right but for them.
  if (lower !== pattern && !isGlobProblem(readPattern(lower)))
    return `has no capitals, since no repository has: write ${quote(lower)}`;
  const part = quote(pattern.split('/')[segment] ?? pattern);
  return `can match nothing: no part of an image name is ${part}; parts begin and end with a letter or a digit, and have single ".", "_", "__" or dashes between`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function withoutTag(pattern: string): string {
  const name = pattern.replace(/@.*$/s, '');
  return name.replace(/:[^/:]*$/, '') || anySegments;
}

/**
 * Compiles patterns in the manner of .gitignore: `*` stays within one path segment, `**` crosses them. A pattern is held
 * against each name that an image goes by, so that `nginx`, `library/nginx` and `docker.io/nginx` are one, and
 * `docker.io/*` has the official images in it.
 */
export function compileImagePatterns<Entry>(
  entries: readonly { readonly images: readonly ImagePattern[]; readonly entry: Entry }[],
): ImagePatterns<Entry> {
  const byName = new Map<string, Compiled<Entry>[]>();
  const byLastSegment = new Map<string, Compiled<Entry>[]>();
  const others: Compiled<Entry>[] = [];
  entries.forEach(({ images, entry }, order) => {
    for (const { fullName, glob } of images) {
      const compiled = { order, entry, glob };
      const last = glob.at(-1);
      if (fullName !== undefined) addTo(byName, fullName, compiled);
      else if (typeof last === 'string') addTo(byLastSegment, last, compiled);
      else others.push(compiled);
    }
  });
  return { byName, byLastSegment, others };
}

function withDomain(pattern: string): string {
  const legacy = `${legacyDefaultDomain}/`;
  return pattern.startsWith(legacy) ? `${defaultDomain}/${pattern.slice(legacy.length)}` : pattern;
}

function addTo<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** How many patterns there may be in a policy that any one image has to be held against. */
const mostTried = 256;

/** Of the patterns that a name has to be searched for: each takes some microseconds for a long name. */
const mostSearched = 64;

/** Of those that are held against each place of a name, one after the other. */
const mostSlowlySearched = 4;

/**
 * Why the patterns of a policy, exceptions included, would hold up reviews; `undefined` where they would not. At worst an
 * image of a review is held against `mostTried` patterns, of which `mostSearched` are searched for.
 */
export function costProblem(patterns: readonly ImagePattern[]): string | undefined {
  const { byLastSegment, others } = compileImagePatterns([{ images: patterns, entry: true }]);
  const advice = 'make several policies of it';
  if (others.length > mostTried)
    return `has more than ${mostTried} image patterns with wildcards in their last part: ${advice}`;
  for (const [last, { length }] of byLastSegment) {
    if (others.length + length > mostTried)
      return `has more than ${mostTried} image patterns with wildcards for images called ${quote(last)}: ${advice}`;
  }
  const searched = patterns.filter(({ glob }) => needsSearch(glob));
  if (searched.length > mostSearched)
    return `has more than ${mostSearched} image patterns with something between two stars, or between two "**": ${advice}`;
  if (searched.filter(({ glob }) => needsSlowSearch(glob)).length <= mostSlowlySearched) return undefined;
  return `has more than ${mostSlowlySearched} image patterns with "?" or "[…]" between two stars: ${advice}`;
}

/** The entries of which some pattern matches the image, each once, in the order in which they were compiled. */
export function matchImage<Entry>(patterns: ImagePatterns<Entry>, image: string): readonly Entry[] {
  const names = imageNames(image);
  const [fullName] = names;
  if (fullName === undefined) return [];
  const matched = new Map<number, Entry>();
  for (const { order, entry } of patterns.byName.get(fullName) ?? []) matched.set(order, entry);
  const lastSegment = fullName.slice(fullName.lastIndexOf('/') + 1);
  addMatching(matched, patterns.byLastSegment.get(lastSegment) ?? [], names);
  addMatching(matched, patterns.others, names, lastSegment);
  if (matched.size < 2) return [...matched.values()];
  return [...matched].sort(([left], [right]) => left - right).map(([, entry]) => entry);
}

/** @param lastSegment where it is not known yet that it matches: all names of an image have the same */
function addMatching<Entry>(
  matched: Map<number, Entry>,
  candidates: readonly Compiled<Entry>[],
  names: readonly string[],
  lastSegment?: string,
): void {
  for (const { order, entry, glob } of candidates) {
    if (matched.has(order)) continue;
    if (lastSegment !== undefined && !matchesSegment(glob.at(-1) ?? '', lastSegment)) continue;
    if (names.some((name) => matchesGlob(glob, name))) matched.set(order, entry);
  }
}
