/** Longer lines are cut before anybody looks at them: what matters stands in the first words of an error. */
const longestLine = 4096;

/** ECMA-48, "Select Graphic Rendition". */
const colours = /\p{Cc}\[[0-9;]*m/gu;

/** A line of a log or a status, made ready for recognisers. */
export interface Line {
  readonly text: string;
  /** In small letters, for searching. */
  readonly lower: string;
}

export function readLine(text: string): Line {
  const cut = text.length > longestLine ? text.slice(0, longestLine) : text;
  const plain = cut
    .replaceAll(colours, '')
    // Whatever else steers a terminal has no business there.
    .replaceAll(/\p{Cc}/gu, ' ')
    // A log in JSON writes quotes and slashes with backslashes before them.
    .replaceAll('\\"', '"')
    .replaceAll('\\/', '/')
    .trim();
  return { text: plain, lower: plain.toLowerCase() };
}

/** Where the first of some words stands; -1 where none does. */
export function findFirst({ lower }: Line, words: readonly string[]): number {
  let first = -1;
  for (const word of words) {
    const position = lower.indexOf(word);
    if (position !== -1 && (first === -1 || position < first)) first = position;
  }
  return first;
}

export function hasAny(line: Line, words: readonly string[]): boolean {
  return findFirst(line, words) !== -1;
}

/** The word between two others, as it is written: the user in `non-numeric user (app)`. */
export function between({ text, lower }: Line, before: string, after: string): string | undefined {
  const start = lower.indexOf(before);
  if (start === -1) return undefined;
  const end = text.indexOf(after, start + before.length);
  return end === -1 ? undefined : text.slice(start + before.length, end);
}
