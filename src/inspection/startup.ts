import type { FileTree, Found } from './fileTree.ts';
import { lookUp } from './fileTree.ts';
import type { ImageConfig } from './imageConfig.ts';
import type { Run, StepDown, Written } from './readScript.ts';
import { readScript } from './readScript.ts';
import type { Expansion } from './shellVariables.ts';

/** A program, and how it is called where a symlink leads to it. */
export interface StartedProgram extends Found {
  readonly called: string;
}

/** What an image does when it is started, as far as its scripts tell. */
export interface Startup {
  /** The programs that are started or handed over to, the first one first. */
  readonly programs: readonly StartedProgram[];
  readonly stepsDown: readonly StepDown[];
  readonly writes: readonly Written[];
  /** The absolute paths that its scripts give names to. */
  readonly names: readonly Expansion[];
  /** The first program, where the image has none by that name. */
  readonly missing: string | undefined;
}

/** More than any entrypoint has been seen to read. */
const mostScripts = 64;

/** What runtimes take where an image sets none (containerd, `defaultUnixEnv`). */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** They start what stands behind their options. */
const wrappers: readonly string[] = [
  'tini',
  'tini-static',
  'dumb-init',
  'catatonit',
  'docker-init',
  'env',
  'nice',
  'exec',
];

const shells: readonly string[] = ['sh', 'bash', 'ash', 'dash', 'ksh', 'zsh', 'busybox'];

/** Directories of scripts that an entrypoint goes through one by one: it names the directory alone. */
const scriptDirectory = /(entrypoint|init|\.d)$/;

/** A script to be read, and what it is called with. */
interface OpenScript {
  readonly text: string;
  readonly parameters: readonly string[];
}

/** What has been followed so far. */
interface Following {
  readonly config: ImageConfig;
  readonly tree: FileTree;
  /** By where they really lie. */
  readonly programs: Map<string, StartedProgram>;
  readonly seen: Set<string>;
  readonly open: OpenScript[];
}

/** Follows what an image starts, from its entrypoint through the scripts that it calls. */
export function followStartup(config: ImageConfig, tree: FileTree): Startup {
  const following: Following = { config, tree, programs: new Map(), seen: new Set(), open: [] };
  const stepsDown: StepDown[] = [];
  const writes: Written[] = [];
  const names: Expansion[] = [];
  const words = [...config.entrypoint, ...config.command];
  const isThere = words.length === 0 || start(words, following);
  for (let next = following.open.shift(); next !== undefined; next = following.open.shift()) {
    const facts = readScript(next.text, config.environment);
    stepsDown.push(...facts.stepsDown);
    writes.push(...facts.writes);
    names.push(...facts.names);
    if (facts.runsArguments && next.parameters.length > 0) start(next.parameters, following);
    for (const each of facts.runs) run(each, next.parameters, following);
  }
  const programs = [...following.programs.values()];
  return { programs, stepsDown, writes, names, missing: isThere ? undefined : words[0] };
}

/** Takes what a command line starts, behind what only wraps it; says whether the image has it. */
function start(words: readonly string[], following: Following): boolean {
  const [name = '', ...parameters] = unwrap(words);
  const inline = inlineScript(name, parameters);
  if (inline !== undefined) following.open.push({ text: inline, parameters: [] });
  const found = findProgram(name, following);
  if (found === undefined) return inline !== undefined;
  if (found.node.text !== undefined) follow(name, parameters, following);
  else if (!isShell(name)) following.programs.set(found.path, found);
  else if (inline === undefined) {
    const script = parameters.findIndex((word) => !word.startsWith('-'));
    if (script !== -1) follow(parameters[script] ?? '', parameters.slice(script + 1), following);
  }
  return true;
}

/** Takes a script in, once. */
function follow(name: string, parameters: readonly string[], following: Following): void {
  const { seen, open } = following;
  const found = findProgram(name, following);
  if (found?.node.text === undefined || seen.has(found.path) || seen.size >= mostScripts) return;
  seen.add(found.path);
  open.push({ text: found.node.text, parameters });
}

/** Takes what a script runs or names: scripts, and the program that it hands over to. */
function run({ program, isHandover }: Run, parameters: readonly string[], following: Following): void {
  // What is read, and mostly what is called, gets the arguments that it may hand over to in the end.
  for (const script of scriptsAt(program, following.tree)) follow(script, parameters, following);
  const found = isHandover && !isShell(program) ? findProgram(program, following) : undefined;
  if (found !== undefined && found.node.text === undefined) following.programs.set(found.path, found);
}

/** A script, or those of a directory of them. */
function scriptsAt(path: string, tree: FileTree): readonly string[] {
  const directory = path.replace(/\/(\*[^/]*)?$/, '');
  if (!path.startsWith('/') || !scriptDirectory.test(directory)) return [path];
  const found = lookUp(tree, directory);
  if (found?.node.kind !== 'directory') return [path];
  return [...found.node.children.keys()]
    .sort()
    .map((name) => `${found.path}/${name}`)
    .slice(0, mostScripts);
}

function unwrap(words: readonly string[]): readonly string[] {
  let rest = words;
  // Each takes one word at least.
  while (wrappers.includes(baseName(rest[0] ?? ''))) {
    const next = rest.findIndex((word, index) => index > 0 && !word.startsWith('-') && !/^\w+=/.test(word));
    if (next === -1) return rest;
    rest = rest.slice(next);
  }
  return rest;
}

function inlineScript(name: string, parameters: readonly string[]): string | undefined {
  if (!isShell(name)) return undefined;
  const option = parameters.findIndex((word) => /^-\w*c$/.test(word));
  return option === -1 ? undefined : parameters[option + 1];
}

function isShell(name: string): boolean {
  return shells.includes(baseName(name));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** As execvp(3) looks for it. */
function findProgram(name: string, { config, tree }: Following): StartedProgram | undefined {
  const folders = (config.environment.get('PATH') ?? defaultPath).split(':').slice(0, mostScripts);
  const candidates = name.includes('/')
    ? [name.startsWith('/') ? name : `${config.workingDirectory}/${name}`]
    : folders.map((folder) => `${folder}/${name}`);
  for (const called of name === '' ? [] : candidates) {
    const found = lookUp(tree, called);
    if (found?.node.kind === 'file') return { ...found, called };
  }
  return undefined;
}
