import type { Expansion, Variables } from './shellVariables.ts';
import { assign, expand } from './shellVariables.ts';
import type { ShellCommand } from './shellWords.ts';
import { splitCommands } from './shellWords.ts';
import { findStepDown } from './stepDown.ts';
import { findWrites } from './writes.ts';

/** What a script does that hardening has to know of. */
export interface ScriptFacts {
  readonly stepsDown: readonly StepDown[];
  readonly writes: readonly Written[];
  /** The absolute paths that it sets variables to. */
  readonly names: readonly Expansion[];
  /** What it runs or reads as a script, as it is called. */
  readonly runs: readonly Run[];
  /** Whether it hands over to its own arguments, as `exec "$@"` does. */
  readonly runsArguments: boolean;
}

export interface Run {
  readonly program: string;
  /** Whether it takes the script's place. */
  readonly isHandover: boolean;
}

export interface StepDown {
  /** `undefined` where the script finds out itself. */
  readonly user: Expansion | undefined;
  /** Whether it does so only as root. */
  readonly isGuarded: boolean;
}

export interface Written extends Expansion {
  /** Whether that is a file, so that it is the directory that has to be writable. */
  readonly isFile: boolean;
}

/** A block that the lines at hand are in. */
interface Block {
  readonly kind: 'if' | 'case' | 'function' | 'group';
  /** What its condition says of who runs it, where the lines are. */
  runner: 'root' | 'others' | 'anybody';
  /** Of an `if`, whether its condition is not over; of a function, whether its brace has not come. */
  isBegun: boolean;
}

const declarers: readonly string[] = ['local', 'export', 'readonly', 'declare', 'typeset', ':'];
const comparisons = /^(=|==|-eq)$/;
const negations = /^(!=|-ne|-gt)$/;

/** What has been found so far, and where the lines at hand are. */
interface Reading {
  readonly variables: Variables;
  /** The variables that have the uid in them. */
  readonly uids: Set<string>;
  readonly blocks: Block[];
  readonly stepsDown: (StepDown & { readonly isInFunction: boolean })[];
  readonly writes: Written[];
  readonly names: Expansion[];
  readonly runs: Run[];
  runsArguments: boolean;
  asksForRoot: boolean;
  /** Whether all others have left by now. */
  isOnlyRootLeft: boolean;
  /** Who goes on behind `&&` after the command before. */
  before: Block['runner'];
}

/** Of each kind, from one script: those of Docker's official images have some twenty. */
const mostFacts = 1024;

/** Of variables with the uid in them: nobody needs a second one. */
const mostUids = 16;

/** Reads a shell script. */
export function readScript(text: string, environment: ReadonlyMap<string, string>): ScriptFacts {
  const reading: Reading = {
    ...{
      variables: { set: new Map(), environment },
      uids: new Set(),
      blocks: [],
      stepsDown: [],
      writes: [],
      names: [],
      runs: [],
    },
    ...{ runsArguments: false, asksForRoot: false, isOnlyRootLeft: false, before: 'anybody' },
  };
  for (const command of splitCommands(text)) readCommand(command, reading);
  const { stepsDown, writes, names, runs, runsArguments, asksForRoot } = reading;
  return {
    // A function is called from where root is asked for, or it would not be asked for at all.
    stepsDown: stepsDown.map(({ user, isGuarded, isInFunction }) => ({
      user,
      isGuarded: isGuarded || (isInFunction && asksForRoot),
    })),
    writes: writes.slice(0, mostFacts),
    names: names.slice(0, mostFacts),
    runs: runs.slice(0, mostFacts),
    runsArguments,
  };
}

function readCommand(command: ShellCommand, reading: Reading): void {
  const { blocks } = reading;
  const words = enterBlocks(command.words, blocks);
  const tested = whoIsTested(words, reading.uids);
  reading.asksForRoot ||= tested !== 'anybody';
  const runner = joined(command, reading.before);
  reading.before = tested === 'anybody' ? runner : tested;
  if (tested !== 'anybody') noteTest(tested, reading);
  if (words.length === 0) return;
  const isGuarded = reading.isOnlyRootLeft || runner === 'root' || blocks.some((block) => block.runner === 'root');
  if (blocks.some((block) => block.runner === 'others') && /^(exec|exit|return)$/.test(words[0] ?? ''))
    reading.isOnlyRootLeft = true;
  noteVariables(words, reading);
  noteStepDown(words, isGuarded, reading);
  noteRuns(words, reading);
  noteWrites(words, reading);
  reading.runsArguments ||= words.includes('$@') && (words[0] === 'exec' || words.length === 1);
}

function noteTest(tested: Block['runner'], { blocks }: Reading): void {
  const block = blocks.at(-1);
  if (block !== undefined && block.kind !== 'function' && block.isBegun) block.runner = tested;
}

function noteStepDown(words: readonly string[], isGuarded: boolean, { variables, blocks, stepsDown }: Reading): void {
  const user = findStepDown(words);
  if (user === undefined || stepsDown.length >= mostFacts) return;
  const isInFunction = blocks.some(({ kind }) => kind === 'function');
  stepsDown.push({ user: expand(user, variables), isGuarded, isInFunction });
}

function noteRuns(words: readonly string[], { variables, runs }: Reading): void {
  const user = findStepDown(words);
  const [first = ''] = words;
  const isHandover = user !== undefined || first === 'exec' || first === 'set' || words.includes('$@');
  for (const [index, word] of words.entries()) {
    const before = words[index - 1];
    const isFirst = index === 0 || before === 'exec' || before === '--' || before === 'set' || before === user;
    const isRead = index === 1 && (first === '.' || first === 'source');
    if (!isFirst && !isRead && !word.startsWith('/')) continue;
    const program = expand(word, variables)?.text ?? '';
    if (program !== '' && !program.startsWith('-')) runs.push({ program, isHandover: isHandover && isFirst });
  }
}

function noteWrites(words: readonly string[], { variables, writes }: Reading): void {
  for (const { word, isFile } of findWrites(words)) {
    const path = expand(word, variables);
    if (path?.text.startsWith('/') === true) writes.push({ ...path, isFile });
  }
}

/** Takes off what opens, turns and closes blocks, and keeps the stack of them. */
function enterBlocks(all: readonly string[], blocks: Block[]): readonly string[] {
  let at = 0;
  for (let word = all[at]; word !== undefined && Object.hasOwn(turns, word); word = all[at]) {
    turns[word]?.(blocks);
    // What follows `function` is its name.
    at = word === 'function' ? all.length : at + 1;
  }
  return all.slice(at);
}

/** What each of the shell's own words does to the blocks. */
const turns: Readonly<Record<string, (blocks: Block[]) => void>> = {
  if: open('if'),
  elif: (blocks) => Object.assign(blocks.at(-1) ?? {}, { runner: 'anybody', isBegun: true }),
  // biome-ignore lint/suspicious/noThenProperty: It is the shell's word.
  then: (blocks) => Object.assign(blocks.at(-1) ?? {}, { isBegun: false }),
  else: (blocks) => Object.assign(blocks.at(-1) ?? {}, { runner: opposite[blocks.at(-1)?.runner ?? 'anybody'] }),
  fi: close,
  case: (blocks) => blocks.push({ kind: 'case', runner: 'anybody', isBegun: true }),
  esac: close,
  function: open('function'),
  '()': open('function'),
  '{': (blocks) => {
    const block = blocks.at(-1);
    // A function's own brace belongs to it.
    if (block?.kind === 'function' && block.isBegun) block.isBegun = false;
    else blocks.push({ kind: 'group', runner: 'anybody', isBegun: false });
  },
  '}': close,
  ...Object.fromEntries(['while', 'until', 'do', 'done', '!'].map((word) => [word, (): void => undefined])),
};

function open(kind: Block['kind']): (blocks: Block[]) => void {
  return (blocks) => {
    blocks.push({ kind, runner: 'anybody', isBegun: true });
  };
}

function close(blocks: Block[]): void {
  blocks.pop();
}

const opposite: Readonly<Record<Block['runner'], Block['runner']>> = {
  root: 'others',
  others: 'root',
  anybody: 'anybody',
};

/** What `&&` and `||` make of what the command before has asked. */
function joined({ after }: ShellCommand, before: Block['runner']): Block['runner'] {
  if (after === '&&') return before;
  return after === '||' ? opposite[before] : 'anybody';
}

/** Whether a command asks for the uid, and what follows where it succeeds. */
function whoIsTested(words: readonly string[], uids: ReadonlySet<string>): Block['runner'] {
  const asks = words.some(
    (word) => asksForUid(word) || [...uids].some((name) => word === `$${name}` || word === `\${${name}}`),
  );
  if (!asks) return 'anybody';
  // `case "$(id -u)" in 0)` asks without comparing.
  if (words[1] === 'in') return 'root';
  const isRoot = words.some((word) => word === '0' || word === 'root' || word === 'x0');
  if (!isRoot) return 'anybody';
  if (words.some((word) => negations.test(word)) || words[1] === '!') return 'others';
  return words.some((word) => comparisons.test(word)) ? 'root' : 'anybody';
}

function asksForUid(word: string): boolean {
  return /\$\((?:\/usr)?(?:\/bin\/)?(?:id -(?:u|un|nu)|whoami)\)|\$\{?E?UID\b|\$\{?USER\b/.test(word);
}

function noteVariables(words: readonly string[], { variables, uids, names }: Reading): void {
  const assigned = declarers.includes(words[0] ?? '') ? words.slice(1) : words;
  for (const word of assigned) {
    const [, name, value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? /^\$\{(\w+):?=([^{}]*)\}$/.exec(word) ?? [];
    if (name !== undefined && asksForUid(value) && uids.size < mostUids) uids.add(name);
    const path = name === undefined ? undefined : expand(value, variables);
    if (path?.text.startsWith('/') === true) names.push(path);
  }
  // Before a command, they are the command's own.
  if (assigned.every((word) => /^(\w+=|\$\{\w+:?=)/.test(word))) assign(assigned, variables);
}
