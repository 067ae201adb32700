import { isAtOrBelow } from '../core/pod/path.ts';
import type { FileTree, Found, TreeNode } from './fileTree.ts';
import { walk } from './fileTree.ts';

/** Whom the image runs as in the end, as far as files are concerned. */
export interface Runner {
  readonly uid: number;
  readonly groups: ReadonlySet<number>;
}

/** Four times what a profile takes, so that what is chosen from is all that an image made for a purpose has. */
const mostDirectories = 256;

/** What distributions give to users of their own, which no program of an image has a use for. */
const ofDistribution: readonly string[] = [
  ...['/var/cache/apt', '/var/lib/apt', '/var/cache/man', '/var/cache/debconf', '/var/local', '/var/mail'],
  ...['/var/spool/mail', '/var/spool/cron', '/var/crash', '/var/empty', '/run/lock', '/dev', '/proc', '/sys', '/home'],
  ...['/root', '/usr/src', '/usr/local/share'],
];

/** The directories that the runner may write to; where that is root, those that are anybody else's. */
export function ownedDirectories(
  tree: FileTree,
  runner: Runner | undefined,
  full: ReadonlySet<TreeNode['children']>,
): readonly string[] {
  const filled: string[] = [];
  const empty: string[] = [];
  for (const found of walk(tree)) {
    if (filled.length + empty.length >= mostDirectories) break;
    if (!isOpen(found, runner)) continue;
    const { node, path } = found;
    const above = filled.find((ancestor) => isAtOrBelow(path, ancestor));
    // What is full is told once, at its top; what lies deep in it is a part of it, and of no use by itself.
    if (full.has(node.children)) filled.push(...(above === undefined ? [path] : []));
    else if (above === undefined || depthOf(path) - depthOf(above) <= 2) empty.push(path);
  }
  return [...empty, ...filled];
}

/** Whether somebody who is not root may write there and has a reason to. */
function isOpen({ node, path }: Found, runner: Runner | undefined): boolean {
  if (node.kind !== 'directory' || path === '' || !mayWrite(node, runner)) return false;
  // Of whom nothing is known, what distributions give to others in these is nothing that is written to.
  const aside = runner === undefined ? [...ofDistribution, '/etc', '/usr'] : ofDistribution;
  return !aside.some((ancestor) => isAtOrBelow(path, ancestor));
}

function depthOf(path: string): number {
  return path.split('/').length;
}

function mayWrite({ mode, uid, gid }: TreeNode, runner: Runner | undefined): boolean {
  if ((mode & 0o002) !== 0) return true;
  if (runner === undefined) return uid !== 0 || (gid !== 0 && (mode & 0o020) !== 0);
  if (uid === runner.uid) return (mode & 0o200) !== 0;
  return runner.groups.has(gid) && (mode & 0o020) !== 0;
}
