/** A line of passwd. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** A line of group. */
export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** What a uid may be in a pod (k8s.io/kubernetes, `IsValidUserID`). */
const largestId = 2 ** 31 - 1;

/** More than any system has that was not made for us to read. */
const mostLines = 100_000;

/** Reads passwd(5); lines that are none are passed over, as the C library does. */
export function readAccounts(text: string): readonly Account[] {
  return rowsOf(text).flatMap(([name = '', , uid = '', gid = '']) => {
    const [user, group] = [readId(uid), readId(gid)];
    return name === '' || user === undefined || group === undefined ? [] : [{ name, uid: user, gid: group }];
  });
}

/** Reads group(5), likewise. */
export function readGroups(text: string): readonly Group[] {
  return rowsOf(text).flatMap(([name = '', , gid = '', members = '']) => {
    const id = readId(gid);
    return name === '' || id === undefined ? [] : [{ name, gid: id, members: members.split(',').filter(Boolean) }];
  });
}

/** A number that an id may be, written plainly. */
export function readId(text: string): number | undefined {
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= largestId ? Number(text) : undefined;
}

function rowsOf(text: string): readonly (readonly string[])[] {
  return text
    .split('\n', mostLines)
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('\0'))
    .map((line) => line.split(':'));
}

/** Whom a text names, as runtimes take it: a name or a uid, and perhaps a group behind a colon. */
export interface Identity {
  /** Where it is no number. */
  readonly name: string | undefined;
  readonly uid: number;
  readonly gid: number;
  readonly isNumber: boolean;
}

/**
 * Looks up a `USER`; `undefined` where it names somebody whom the image does not know.
 *
 * Source: moby/sys user, `GetExecUser`: a number needs no line of passwd, and without one has the group root.
 */
export function findIdentity(
  user: string,
  accounts: readonly Account[],
  groups: readonly Group[],
): Identity | undefined {
  const colon = user.indexOf(':');
  const [who, group] = colon === -1 ? [user, ''] : [user.slice(0, colon), user.slice(colon + 1)];
  const number = who === '' ? 0 : readId(who);
  const account = accounts.find(({ name, uid }) => (number === undefined ? name === who : uid === number));
  const uid = number ?? account?.uid;
  if (uid === undefined) return undefined;
  const gid = group === '' ? (account?.gid ?? 0) : (readId(group) ?? groups.find(({ name }) => name === group)?.gid);
  if (gid === undefined) return undefined;
  return { name: number === undefined ? who : account?.name, uid, gid, isNumber: number !== undefined };
}

/** The groups that a user gets besides its own: runtimes add those of the image. */
export function groupsOf(name: string | undefined, gid: number, groups: readonly Group[]): ReadonlySet<number> {
  const others = groups.filter(({ members }) => name !== undefined && members.includes(name)).map((group) => group.gid);
  return new Set([gid, ...others]);
}
