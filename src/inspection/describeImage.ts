import { longestUser, mostPorts, mostPrograms, mostVolumes } from '../core/images/bounds.ts';
import type { ImageProfileDocument } from '../core/images/imageProfile.ts';
import { cleanPath, pathProblem } from '../core/pod/path.ts';
import type { Account, Group, Identity } from './accounts.ts';
import { findIdentity, groupsOf, readAccounts, readGroups, readId } from './accounts.ts';
import type { FileTree } from './fileTree.ts';
import { lookUp, walk } from './fileTree.ts';
import type { ImageConfig } from './imageConfig.ts';
import type { Runner } from './ownedDirectories.ts';
import type { Startup } from './startup.ts';
import { followStartup } from './startup.ts';
import { findWritableDirectories } from './writableDirectories.ts';

type Spec = ImageProfileDocument['spec'];
type Facts = Omit<Spec, 'images' | 'tags' | 'digests' | 'platform' | 'observedAt' | 'source' | 'survives'>;

/** What an image tells of itself. */
export interface ImageDescription {
  readonly facts: Facts;
  /** The programs that it starts, as far as its scripts tell. */
  readonly starts: readonly string[];
  /** What keeps it from starting, or from being known, in whole sentences' parts. */
  readonly remarks: readonly string[];
}

/** Longer paths are nobody's who means well, and a profile has no room for many of them. */
const longestPath = 255;

/** What the configuration alone tells. */
export function describeConfig(config: ImageConfig): ImageDescription {
  const identity = findIdentity(config.user, [], []);
  // A number is known even where the group beside it is a name.
  const uid = identity === undefined ? readId(config.user.split(':')[0] ?? '') : undefined;
  const facts = factsOf(config);
  const writable = (facts.volumes ?? []).filter((path) => pathProblem(path) === undefined);
  return {
    facts: {
      ...facts,
      ...(identity === undefined ? {} : { user: userOf(config, identity) }),
      ...(uid === undefined ? {} : { user: { uid, source: 'declared' as const } }),
      ...(writable.length === 0
        ? {}
        : { writablePaths: writable.map((path) => ({ path, source: 'volume' as const })) }),
    },
    starts: [...config.entrypoint, ...config.command].slice(0, 1),
    remarks: [
      ...(identity === undefined
        ? [`who ${JSON.stringify(config.user)} is stands in its layers, which --config-only leaves out`]
        : []),
      ...tellLeftOut(config),
    ],
  };
}

/** What the configuration says as it is, as far as a profile takes it. */
function factsOf({ user, volumes, ports }: ImageConfig): Facts {
  return {
    ...(user.length > longestUser ? {} : { declaredUser: user }),
    volumes: [...new Set(volumes.filter(isTellable).map(cleanPath))].slice(0, mostVolumes),
    ports: ports.slice(0, mostPorts),
  };
}

function isTellable(path: string): boolean {
  return path.startsWith('/') && path.length <= longestPath && !hasControlCharacter(path);
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

function tellLeftOut({ volumes, ports }: ImageConfig): readonly string[] {
  const told = volumes.filter(isTellable).length;
  return volumes.length > told || told > mostVolumes || ports.length > mostPorts
    ? ['it declares more volumes or ports, or longer ones, than a profile takes: the rest is left out']
    : [];
}

/** What the configuration and the files tell. */
export function describeImage(config: ImageConfig, tree: FileTree): ImageDescription {
  const accounts = readAccounts(textAt(tree, '/etc/passwd'));
  const groups = readGroups(textAt(tree, '/etc/group'));
  const identity = findIdentity(config.user, accounts, groups);
  const startup = followStartup(config, tree);
  const stepsDownTo = chooseStepDown(startup, accounts, groups);
  const runner = findRunner(identity, stepsDownTo, accounts, groups);
  const writablePaths = findWritableDirectories(config, tree, startup, runner);
  // Root may write anywhere: that nothing was found says nothing then.
  const isBounded = runner !== undefined && identity !== undefined;
  return {
    facts: {
      ...factsOf(config),
      ...(identity === undefined ? {} : { user: userOf(config, identity) }),
      ...(stepsDownTo === undefined ? {} : { stepsDownTo }),
      fileCapabilities: listFileCapabilities(tree, startup),
      ...(writablePaths.length === 0 && !isBounded ? {} : { writablePaths: [...writablePaths] }),
    },
    starts: startup.programs.map(({ called }) => called),
    remarks: [
      ...(identity === undefined ? [`its passwd and group do not know its user ${JSON.stringify(config.user)}`] : []),
      ...(startup.missing === undefined ? [] : [`it has no program ${JSON.stringify(startup.missing)}`]),
      ...tellLeftOut(config),
    ],
  };
}

function textAt(tree: FileTree, path: string): string {
  return lookUp(tree, path)?.node.text ?? '';
}

function userOf({ user }: ImageConfig, { uid, gid, isNumber }: Identity): NonNullable<Spec['user']> {
  return { uid, gid, source: user === '' ? 'default' : isNumber ? 'declared' : 'passwd' };
}

/** Whom the entrypoint becomes: of several, the first that the image knows. */
function chooseStepDown(
  { stepsDown }: Startup,
  accounts: readonly Account[],
  groups: readonly Group[],
): NonNullable<Spec['stepsDownTo']> | undefined {
  for (const { user, isGuarded } of stepsDown) {
    const identity = user === undefined ? undefined : findIdentity(user.text, accounts, groups);
    if (identity === undefined || identity.uid === 0) continue;
    // A number that only the environment has is not for telling.
    if (user?.isPrivate === true && identity.name === undefined) continue;
    const { name, uid, gid } = identity;
    return { ...(name === undefined || name.length > longestUser ? {} : { name }), uid, gid, guarded: isGuarded };
  }
  const [first] = stepsDown;
  return first === undefined ? undefined : { guarded: first.isGuarded };
}

function findRunner(
  identity: Identity | undefined,
  stepsDownTo: Spec['stepsDownTo'],
  accounts: readonly Account[],
  groups: readonly Group[],
): Runner | undefined {
  const uid = identity?.uid === 0 ? stepsDownTo?.uid : identity?.uid;
  if (uid === undefined) return undefined;
  const account = accounts.find((each) => each.uid === uid);
  const gid = (identity?.uid === 0 ? stepsDownTo?.gid : identity?.gid) ?? account?.gid ?? 0;
  return { uid, groups: groupsOf(account?.name, gid, groups) };
}

function listFileCapabilities(tree: FileTree, { programs }: Startup): Spec['fileCapabilities'] {
  const started = new Set(programs.map(({ node }) => node));
  const found: NonNullable<Spec['fileCapabilities']> = [];
  for (const { node, path } of walk(tree)) {
    if (node.capabilities === undefined || !isTellable(path)) continue;
    const { names, isEffective } = node.capabilities;
    found.push({ program: path, capabilities: [...names], effective: isEffective, starts: started.has(node) });
  }
  // What starts comes first, whatever else there is.
  return found
    .sort((left, right) => Number(right.starts) - Number(left.starts) || (left.program < right.program ? -1 : 1))
    .slice(0, mostPrograms);
}
