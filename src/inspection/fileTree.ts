import { InspectionError } from './inspectionError.ts';

/** What is at a path. Files of which nothing more is known are shared between paths. */
export interface TreeNode {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The layer that has it, from the ground up. */
  readonly layer: number;
  /** Where a symlink leads. */
  readonly target: string;
  /** Without `CAP_`. */
  readonly capabilities: FileCapabilities | undefined;
  /** Of passwd, group and shell scripts. */
  readonly text: string | undefined;
  /** Absolute paths that a program names. */
  readonly paths: readonly string[] | undefined;
  /** Of a directory. */
  readonly children: Map<string, TreeNode>;
}

export interface FileCapabilities {
  readonly names: readonly string[];
  /** Whether the program has them from its start, without asking. */
  readonly isEffective: boolean;
}

/** One entry of a layer. */
export interface Entry {
  readonly path: string;
  readonly kind: TreeNode['kind'] | 'hardlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly target?: string;
  readonly capabilities?: FileCapabilities | undefined;
  readonly text?: string | undefined;
  readonly paths?: readonly string[] | undefined;
}

/** The files of an image, layer upon layer. */
export interface FileTree {
  readonly root: TreeNode;
  readonly shared: Map<string, TreeNode>;
  readonly mostNames: number;
  /** Directories of which the layer at hand has hidden all that lower ones have: to be looked through once. */
  readonly hidden: Set<TreeNode['children']>;
  layer: number;
  names: number;
  nameCharacters: number;
}

/** Of all names together. */
const mostNameCharacters = 64 * 1024 * 1024;

/** Linux' PATH_MAX, with its closing zero byte: what is longer cannot be opened. */
const longestPath = 4095;

/** Linux follows as many (include/linux/namei.h, `MAXSYMLINKS`). */
const mostSymlinks = 40;

/** What whiteouts begin with, and the one that hides all that lies below (OCI image specification, "Whiteouts"). */
const whiteoutPrefix = '.wh.';
const opaqueWhiteout = '.wh..wh..opq';

/** @param mostNames how many names its directories may have; what is beyond ends in an error. */
export function makeFileTree(mostNames: number): FileTree {
  return {
    root: makeDirectory(0),
    shared: new Map(),
    mostNames,
    hidden: new Set(),
    layer: 0,
    names: 0,
    nameCharacters: 0,
  };
}

function makeDirectory(layer: number, mode = 0o755, uid = 0, gid = 0): TreeNode {
  return { kind: 'directory', mode, uid, gid, layer, ...nothing, children: new Map() };
}

const nothing = { target: '', capabilities: undefined, text: undefined, paths: undefined } as const;

/** Only directories have any, and nobody puts one here. */
const noChildren = new Map<string, TreeNode>();

/**
 * Puts an entry of a layer where a runtime would: nothing leads out of the root, and a symlink on the way is followed.
 *
 * @throws {InspectionError} where there are more than are looked at.
 */
export function addEntry(tree: FileTree, entry: Entry, layer: number): void {
  if (entry.path.length > longestPath) throw new InspectionError('a file in it has a name that no system could open');
  const segments = segmentsOf(entry.path);
  const name = segments.pop();
  if (name === undefined) {
    if (entry.kind === 'directory') Object.assign(tree.root, { mode: entry.mode, uid: entry.uid, gid: entry.gid });
    return;
  }
  if (layer !== tree.layer) tree.hidden.clear();
  tree.layer = layer;
  const parent = makeWay(tree, segments, layer);
  if (parent === undefined) return;
  if (name === opaqueWhiteout) hideBelow(tree, parent);
  else if (name.startsWith(whiteoutPrefix)) hide(tree, parent, name.slice(whiteoutPrefix.length));
  else put(tree, parent, name, entry, layer);
}

function put(tree: FileTree, parent: TreeNode, name: string, entry: Entry, layer: number): void {
  const before = parent.children.get(name);
  const node = makeNode(tree, entry, layer, before);
  if (node === undefined) return;
  if (before === undefined) count(tree, name);
  parent.children.set(name, node);
}

function count(tree: FileTree, name: string): void {
  tree.names += 1;
  tree.nameCharacters += name.length;
  if (tree.names > tree.mostNames) throw new InspectionError(`it has more than ${tree.mostNames} files`);
  if (tree.nameCharacters > mostNameCharacters)
    throw new InspectionError(`the names of its files have more than ${mostNameCharacters} characters`);
}

function makeNode(tree: FileTree, entry: Entry, layer: number, before: TreeNode | undefined): TreeNode | undefined {
  const { kind, mode, uid, gid, target = '', capabilities, text, paths } = entry;
  if (kind === 'hardlink') return lookUp(tree, target, { followsLast: false })?.node;
  if (kind === 'directory') {
    const directory = makeDirectory(layer, mode, uid, gid);
    return before?.kind === 'directory' ? { ...directory, children: before.children } : directory;
  }
  const isKnown = capabilities !== undefined || text !== undefined || paths !== undefined;
  const node = { kind, mode, uid, gid, layer, target, capabilities, text, paths, children: noChildren };
  if (isKnown || kind === 'symlink') return node;
  const key = `${kind} ${mode} ${uid} ${gid} ${layer}`;
  const shared = tree.shared.get(key);
  if (shared !== undefined) return shared;
  tree.shared.set(key, node);
  return node;
}

/** The directory that a path leads to, made where it is missing, as runtimes make it. */
function makeWay(tree: FileTree, segments: readonly string[], layer: number): TreeNode | undefined {
  let current = tree.root;
  for (const [index, name] of segments.entries()) {
    const next = current.children.get(name);
    if (next?.kind === 'directory') {
      current = next;
      continue;
    }
    if (next?.kind === 'symlink') {
      const found = lookUp(tree, `/${segments.slice(0, index + 1).join('/')}`);
      if (found?.node.kind !== 'directory') return undefined;
      current = found.node;
      continue;
    }
    const made = makeDirectory(layer);
    if (next === undefined) count(tree, name);
    current.children.set(name, made);
    current = made;
  }
  return current;
}

/** A whiteout speaks of what lower layers have, not of its own. */
function hide(tree: FileTree, parent: TreeNode, name: string): void {
  const child = parent.children.get(name);
  if (child === undefined) return;
  if (child.layer < tree.layer) parent.children.delete(name);
  else hideBelow(tree, child);
}

function hideBelow(tree: FileTree, { children }: TreeNode): void {
  if (tree.hidden.has(children)) return;
  tree.hidden.add(children);
  for (const [name, child] of children) {
    if (child.layer < tree.layer) children.delete(name);
    else hideBelow(tree, child);
  }
}

/** What a path leads to, and where that really lies. */
export interface Found {
  readonly node: TreeNode;
  readonly path: string;
}

/**
 * What is at a path, through symlinks; `undefined` where nothing is, or where they lead in a circle.
 *
 * @param followsLast whether a symlink at the path itself is followed.
 */
export function lookUp(tree: FileTree, path: string, { followsLast = true } = {}): Found | undefined {
  const walking: Walking = { way: [], open: stepsOf(path), links: 0 };
  for (let name = walking.open.pop(); name !== undefined; name = walking.open.pop()) {
    const isFollowed = followsLast || walking.open.length > 0;
    if (!takeStep(name, tree, walking, isFollowed)) return undefined;
  }
  return { node: walking.way.at(-1)?.node ?? tree.root, path: `/${walking.way.map((step) => step.name).join('/')}` };
}

interface Walking {
  readonly way: Step[];
  /** What is still to be gone, the next step last, so that a symlink's own can be put before it. */
  readonly open: string[];
  links: number;
}

/** Goes one step; says whether there is anything. */
function takeStep(name: string, { root }: FileTree, walking: Walking, isFollowed: boolean): boolean {
  const { way, open } = walking;
  if (name === '..') {
    way.pop();
    return true;
  }
  const node = (way.at(-1)?.node ?? root).children.get(name);
  if (node?.kind !== 'symlink' || !isFollowed) {
    if (node !== undefined) way.push({ name, node });
    return node !== undefined;
  }
  walking.links += 1;
  if (walking.links > mostSymlinks || node.target.length > longestPath) return false;
  if (node.target.startsWith('/')) way.length = 0;
  open.push(...stepsOf(node.target));
  return true;
}

/** One of the names on a way, and what is there. */
interface Step {
  readonly name: string;
  readonly node: TreeNode;
}

/** The last one first. */
function stepsOf(path: string): string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .reverse();
}

function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}

/** Every path of the tree with what is there, the directories before what they have; symlinks are not followed. */
export function* walk(tree: FileTree): Generator<Found> {
  const open: Found[] = [{ node: tree.root, path: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    for (const [name, node] of next.node.children) open.push({ node, path: `${next.path}/${name}` });
  }
}
