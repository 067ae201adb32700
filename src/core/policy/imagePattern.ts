import { Minimatch } from 'minimatch';
import { imageNames } from '../pod/imageName.ts';

/** Longer patterns are refused: no repository name is longer than 255 characters. */
export const longestImagePattern = 255;

/** Patterns with more wildcards than this are refused: each one multiplies the time that a match may take. */
export const mostWildcards = 6;

/** Image patterns made ready for matching, found by the last path segment of the names that they can match. */
export interface ImagePatterns<Entry> {
  /** By a last path segment without wildcards, which nearly every pattern has. */
  readonly byLastSegment: ReadonlyMap<string, readonly Compiled<Entry>[]>;
  readonly others: readonly Compiled<Entry>[];
}

interface Compiled<Entry> {
  readonly order: number;
  readonly entry: Entry;
  readonly matcher: Minimatch;
}

/** Why a pattern cannot be used, or `undefined` for a good one. */
export function imagePatternProblem(pattern: string): string | undefined {
  if (pattern === '') return 'an image pattern must not be empty';
  if (pattern.length > longestImagePattern) return `an image pattern has at most ${longestImagePattern} characters`;
  if (/[\s,@]/.test(pattern)) return 'an image pattern names a repository: no tag, no digest, no spaces';
  if (pattern.lastIndexOf(':') > pattern.lastIndexOf('/'))
    return 'an image pattern names a repository: tags and digests are ignored, so leave the tag out';
  if (/^\/|\/$|\/\//.test(pattern)) return 'an image pattern has a name on both sides of each slash';
  if ((pattern.match(/\*+|\?/g) ?? []).length > mostWildcards)
    return `an image pattern has at most ${mostWildcards} wildcards`;
  return undefined;
}

/**
 * Compiles patterns in the manner of .gitignore: `*` stays within one path segment, `**` crosses them. A pattern is
 * held against the name as people write it and against the full one, so that `nginx` and `docker.io/library/nginx`
 * both match the official image.
 */
export function compileImagePatterns<Entry>(
  entries: readonly { readonly images: readonly string[]; readonly entry: Entry }[],
): ImagePatterns<Entry> {
  const byLastSegment = new Map<string, Compiled<Entry>[]>();
  const others: Compiled<Entry>[] = [];
  entries.forEach(({ images, entry }, order) => {
    for (const pattern of images) {
      const matcher = new Minimatch(pattern, {
        noext: true,
        nonegate: true,
        nocomment: true,
        nobrace: true,
        dot: true,
      });
      const lastSegment = pattern.slice(pattern.lastIndexOf('/') + 1);
      const compiled = { order, entry, matcher };
      if (/[*?[\]\\]/.test(lastSegment)) others.push(compiled);
      else byLastSegment.set(lastSegment, [...(byLastSegment.get(lastSegment) ?? []), compiled]);
    }
  });
  return { byLastSegment, others };
}

/** The entries of which some pattern matches the image, each once, in the order in which they were compiled. */
export function matchImage<Entry>(patterns: ImagePatterns<Entry>, image: string): readonly Entry[] {
  const names = imageNames(image);
  const [first] = names;
  if (first === undefined) return [];
  const lastSegment = first.slice(first.lastIndexOf('/') + 1);
  const matched = new Map<number, Entry>();
  for (const candidates of [patterns.byLastSegment.get(lastSegment) ?? [], patterns.others]) {
    for (const { order, entry, matcher } of candidates) {
      if (!matched.has(order) && names.some((name) => matcher.match(name))) matched.set(order, entry);
    }
  }
  return [...matched].sort(([left], [right]) => left - right).map(([, entry]) => entry);
}
