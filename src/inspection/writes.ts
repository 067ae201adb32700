/** A word that names what a command writes to. */
interface Target {
  readonly word: string;
  readonly isFile: boolean;
}

/** The words that a command writes to, still as they are written. */
export function findWrites(words: readonly string[]): readonly Target[] {
  const redirected = words.flatMap((word, index) => {
    const target = words[index + 1];
    return target !== undefined && /^>{1,2}\|?$/.test(word) ? [{ word: target, isFile: true }] : [];
  });
  const start = words.findIndex((word) => Object.hasOwn(writers, word.slice(word.lastIndexOf('/') + 1)));
  // Behind `exec`, `sudo` and the like too, but not wherever a word happens to be the name of a program.
  if (start === -1 || start > 2) return redirected;
  const name = words[start] ?? '';
  const find = writers[name.slice(name.lastIndexOf('/') + 1)];
  const end = words.findIndex((word, index) => index > start && /^[<>]/.test(word));
  const given = words.slice(start + 1, end === -1 ? undefined : end);
  return [...redirected, ...(find?.(given) ?? [])];
}

const writers: Readonly<Record<string, (words: readonly string[]) => readonly Target[]>> = {
  mkdir: (words) => argumentsOf(words, ['-m']).map(asDirectory),
  chown: (words) => withoutReference(words).map(asEither),
  chgrp: (words) => withoutReference(words).map(asEither),
  chmod: (words) => withoutReference(words).map(asEither),
  touch: (words) => argumentsOf(words, ['-d', '-t', '-r']).map(asFile),
  tee: (words) => argumentsOf(words, []).map(asFile),
  cp: (words) => argumentsOf(words, ['-t']).slice(1).slice(-1).map(asEither),
  mv: (words) => argumentsOf(words, ['-t']).slice(1).slice(-1).map(asEither),
  ln: (words) => argumentsOf(words, ['-t']).slice(1).slice(-1).map(asFile),
  install: (words) =>
    words.some((word) => /^-\w*d/.test(word))
      ? argumentsOf(words, ['-o', '-g', '-m']).map(asDirectory)
      : argumentsOf(words, ['-o', '-g', '-m']).slice(1).slice(-1).map(asEither),
  sed: (words) =>
    words.some((word) => /^-\w*i|^--in-place/.test(word)) ? argumentsOf(words, ['-e', '-f']).slice(-1).map(asFile) : [],
  find: (words) => (words.includes('chown') || words.includes('chmod') ? words.slice(0, 1).map(asEither) : []),
};

const asDirectory = (word: string): Target => ({ word, isFile: false });
const asFile = (word: string): Target => ({ word, isFile: true });
/** What the image has there tells. */
const asEither = asDirectory;

function argumentsOf(words: readonly string[], withValue: readonly string[]): readonly string[] {
  return words.filter((word, index) => !word.startsWith('-') && !withValue.includes(words[index - 1] ?? ''));
}

/** Whose, or which rights, comes first, unless a file says so. */
function withoutReference(words: readonly string[]): readonly string[] {
  const given = argumentsOf(words, []);
  return words.some((word) => word.startsWith('--reference')) ? given : given.slice(1);
}
