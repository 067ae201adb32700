import type { ImageProfileDocument } from '../core/images/imageProfile.ts';
import { cleanPath, isAtOrBelow, pathProblem } from '../core/pod/path.ts';
import type { FileTree, TreeNode } from './fileTree.ts';
import { lookUp } from './fileTree.ts';
import type { ImageConfig } from './imageConfig.ts';
import type { Runner } from './ownedDirectories.ts';
import { ownedDirectories } from './ownedDirectories.ts';
import type { Written } from './readScript.ts';
import type { Expansion } from './shellVariables.ts';
import type { Startup } from './startup.ts';

export type WritablePath = NonNullable<ImageProfileDocument['spec']['writablePaths']>[number];

/** As many as a profile takes. */
const mostPaths = 64;

/** Of all scripts together; those of Docker's official images have some ten each. */
const mostWrites = 4096;

/** Longer ones are nobody's who means well, and a profile has no room for many of them. */
const longestPath = 255;

/** Deeper ones no program has been seen to write to, and each is looked up step by step. */
const mostSegments = 64;

/** Where programs write what they keep and what they do not; elsewhere a path that one names may be anything. */
const writtenTrees: readonly string[] = ['/run', '/var', '/tmp', '/srv', '/data'];

/** What belongs to all programs together, so that none of them needs to write right there. */
const sharedDirectories: readonly string[] = [
  ...['/', '/var', '/var/lib', '/var/log', '/var/cache', '/var/spool', '/srv', '/etc', '/usr', '/opt', '/dev', '/home'],
  ...['/bin', '/sbin', '/lib', '/usr/bin', '/usr/sbin', '/usr/lib', '/usr/local', '/usr/local/bin', '/run/lock'],
];

/**
 * The directories that an image needs to write to: its volumes, what its scripts write to, what its program names and
 * what belongs to whom it runs as. Each is where it really lies, behind symlinks.
 *
 * @param runner whom it runs as; `undefined` where that is root or unknown, to whom every directory is open.
 */
export function findWritableDirectories(
  config: ImageConfig,
  tree: FileTree,
  startup: Startup,
  runner: Runner | undefined,
): readonly WritablePath[] {
  const full = findFull(tree);
  const found = new Map<string, WritablePath>();
  for (const { path, source } of candidates(config, tree, startup, ownedDirectories(tree, runner, full))) {
    if (found.size >= mostPaths) break;
    if (found.has(path) || path.length > longestPath || pathProblem(path) !== undefined) continue;
    const node = lookUp(tree, path)?.node;
    const hasContent = node !== undefined && (node.kind !== 'directory' || full.has(node.children));
    found.set(path, { path, source, hasContent });
  }
  return [...found.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}

type Candidate = Pick<WritablePath, 'path' | 'source'>;

/** What is known for certain comes first: of several sources, the first is told. */
function candidates(
  { volumes }: ImageConfig,
  tree: FileTree,
  { writes, names, programs }: Startup,
  owned: readonly string[],
): readonly Candidate[] {
  const asCandidates = (source: Candidate['source'], paths: readonly (string | undefined)[]): readonly Candidate[] =>
    paths.flatMap((path) => (path === undefined ? [] : [{ path, source }]));
  const absolute = volumes.filter((volume) => volume.startsWith('/'));
  const written = writes.slice(0, mostWrites).map((path) => toldBy(tree, path, directoryOf(tree, path)));
  const named = names.slice(0, mostWrites).map((path) => toldBy(tree, path, namedDirectory(tree, path.text)));
  const inPrograms = programs.flatMap(({ node }) => node.paths ?? []).map((path) => namedDirectory(tree, path));
  return [
    ...asCandidates(
      'volume',
      absolute.map((volume) => realPath(tree, cleanPath(volume))),
    ),
    ...asCandidates('script', written),
    ...asCandidates('owned', owned),
    ...asCandidates('script', named),
    ...asCandidates('binary', inPrograms),
  ];
}

/** A value of the environment is told only where the image's files say the same. */
function toldBy(tree: FileTree, { isPrivate }: Expansion, directory: string | undefined): string | undefined {
  const isThere = directory !== undefined && lookUp(tree, directory)?.node.kind === 'directory';
  return isPrivate && !isThere ? undefined : directory;
}

/** The directories below which there is anything but directories: what an emptyDir would hide. */
function findFull(tree: FileTree): ReadonlySet<TreeNode['children']> {
  const full = new Set<TreeNode['children']>();
  const ways: { readonly node: TreeNode; readonly parent: TreeNode }[] = [];
  const open: TreeNode[] = [tree.root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const child of node.children.values()) {
      ways.push({ node: child, parent: node });
      if (child.kind === 'directory') open.push(child);
    }
  }
  // Children stand behind their parents, so that from the end each directory is done before it counts.
  for (const { node, parent } of ways.reverse()) {
    if (node.kind !== 'directory' || full.has(node.children)) full.add(parent.children);
  }
  return full;
}

/** A path behind its symlinks, as far as there is anything. */
function realPath(tree: FileTree, path: string): string {
  const segments = path.split('/');
  if (segments.length > mostSegments) return path;
  for (let length = segments.length; length > 1; length -= 1) {
    const found = lookUp(tree, segments.slice(0, length).join('/'));
    if (found !== undefined) return cleanPath([found.path, ...segments.slice(length)].join('/'));
  }
  return path;
}

/** The directory that something is written to: the path itself, or the one that it lies in. */
function directoryOf(tree: FileTree, { text: written, isFile }: Written): string | undefined {
  const wildcard = written.search(/[*?[]/);
  const plain = wildcard === -1 ? written : written.slice(0, written.lastIndexOf('/', wildcard));
  const path = realPath(tree, cleanPath(plain));
  const kind = lookUp(tree, path)?.node.kind;
  const directory = kind === 'directory' || (kind === undefined && !isFile) ? path : parentOf(path);
  return sharedDirectories.includes(directory) ? undefined : directory;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** The directory that a program means by a path that it has in it: one that is there, or the one that is to be made. */
function namedDirectory(tree: FileTree, named: string): string | undefined {
  const path = realPath(tree, cleanPath(named));
  if (!writtenTrees.some((ancestor) => isAtOrBelow(path, ancestor))) return undefined;
  const directory = lookUp(tree, path)?.node.kind === 'directory' ? path : parentOf(path);
  const isThere = lookUp(tree, directory)?.node.kind === 'directory';
  return isThere && !sharedDirectories.includes(directory) ? directory : undefined;
}
