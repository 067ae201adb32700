/** What becomes another user, and where in its words that user stands. */
const programs: Readonly<Record<string, (words: readonly string[]) => string | undefined>> = {
  gosu: firstArgument,
  'su-exec': firstArgument,
  setuidgid: firstArgument,
  's6-setuidgid': firstArgument,
  setpriv: (words) => optionValue(words, ['--reuid', '--ruid', '--euid']),
  chpst: (words) => optionValue(words, ['-u'])?.replace(/^:/, ''),
  runuser: (words) => optionValue(words, ['-u', '--user']) ?? firstArgument(words),
  sudo: (words) => optionValue(words, ['-u', '--user']),
  su: firstArgument,
};

/** Options with a value behind them, which is no user. */
const withValue: readonly string[] = ['-s', '--shell', '-c', '--command', '-g', '--group', '-G', '-w'];

/** Where these come first, the others are only spoken of. */
const speakers: readonly string[] = [
  'echo',
  'printf',
  'apt-get',
  'apk',
  'which',
  'type',
  'hash',
  'command',
  'cat',
  'chown',
];

/** The user that a command becomes, as it is written; `undefined` where it becomes none. */
export function findStepDown(words: readonly string[]): string | undefined {
  if (speakers.includes(words[0] ?? '')) return undefined;
  for (const [index, word] of words.entries()) {
    const program = word.slice(word.lastIndexOf('/') + 1);
    const find = Object.hasOwn(programs, program) ? programs[program] : undefined;
    const user = find?.(words.slice(index + 1));
    if (user !== undefined && user !== '' && !user.startsWith('-')) return user;
  }
  return undefined;
}

function firstArgument(words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (withValue.includes(word)) at += 1;
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}

function optionValue(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (names.includes(word)) return words[index + 1];
    const long = names.find((name) => name.startsWith('--') && word.startsWith(`${name}=`));
    if (long !== undefined) return word.slice(long.length + 1);
    const short = names.find((name) => !name.startsWith('--') && word.startsWith(name) && word.length > name.length);
    if (short !== undefined && !word.startsWith('--')) return word.slice(short.length);
    if (word === '--') return undefined;
  }
  return undefined;
}
