import { makeRanking } from './ranking.ts';

/** So long a handshake and a request may take to come before others are let in for it. */
export const graceMilliseconds = 500;

/**
 * What a connection does, so far as is known: `coming` is a handshake or a request that is on its way and within its
 * time; `late` is out of it, or was never of use; `idle` has been of use before; `working` has a request in whole.
 */
export type Doing = 'coming' | 'late' | 'idle' | 'working';

/** Who has a place. */
export interface Holder {
  readonly address: string;
  /** Whether it has a request that has come in whole, and is not answered in full. */
  readonly isAtWork: () => boolean;
}

/** Places for a bounded number of connections. Each call costs the same however many there are. */
export interface Places<T extends Holder> {
  /** Takes one in as `coming`; gives back who loses its place for it, which may be itself. */
  readonly add: (holder: T) => T | undefined;
  readonly remove: (holder: T) => void;
  /** Puts it last among those of its address that do the same. */
  readonly move: (holder: T, doing: Doing) => void;
  readonly doingOf: (holder: T) => Doing | undefined;
}

/** The connections of one address, those that came to do what they do first at the front. */
type Group<T> = Readonly<Record<Doing, Set<T>>>;

interface Place<T> {
  readonly group: Group<T>;
  doing: Doing;
  /** Since when, in milliseconds. */
  since: number;
}

/**
 * Makes places for connections. Where there are too many, the address that has most of all loses one, the newcomer
 * counted: so nobody loses a place to an address that has more. Within an address those that are late go first, then
 * those that are idle, the longest first. What is coming goes before the idle only if it takes more than half of all
 * places: thus neither a crowd of newcomers nor one of idle connections shuts the other out, if all come from one proxy.
 * What is at work goes only for an address that has fewer, and that has nothing else to lose but what is coming.
 *
 * @param most how many there may be.
 * @param now in milliseconds; never goes back.
 */
export function makePlaces<T extends Holder>(most: number, now: () => number): Places<T> {
  const places = new Map<T, Place<T>>();
  const groups = new Map<string, Group<T>>();
  /** Those of all addresses that are coming, in the order of time. */
  const coming = new Set<T>();
  const byAll = makeRanking<Group<T>>();
  /** Without those of which all are at work. */
  const byLosers = makeRanking<Group<T>>();

  const rank = (group: Group<T>): void => {
    const all = sizeOf(group);
    byAll.set(group, all);
    byLosers.set(group, group.working.size === all ? 0 : all);
  };
  const groupOf = (address: string): Group<T> => {
    const known = groups.get(address);
    if (known !== undefined) return known;
    const group: Group<T> = { coming: new Set(), late: new Set(), idle: new Set(), working: new Set() };
    groups.set(address, group);
    return group;
  };
  const enter = (holder: T, place: Place<T>): void => {
    place.group[place.doing].add(holder);
    if (place.doing === 'coming') coming.add(holder);
    rank(place.group);
  };
  const move = (holder: T, doing: Doing): void => {
    const place = places.get(holder);
    if (place === undefined) return;
    place.group[place.doing].delete(holder);
    coming.delete(holder);
    place.doing = doing;
    place.since = now();
    enter(holder, place);
  };
  const remove = (holder: T): void => {
    const place = places.get(holder);
    if (place === undefined) return;
    places.delete(holder);
    coming.delete(holder);
    const { group } = place;
    group[place.doing].delete(holder);
    rank(group);
    if (sizeOf(group) === 0) groups.delete(holder.address);
  };
  const endGrace = (): void => {
    const end = now() - graceMilliseconds;
    for (const holder of coming) {
      if ((places.get(holder)?.since ?? 0) > end) return;
      move(holder, 'late');
    }
  };
  /** Nobody tells when a request is there in whole: it is looked at when it matters, once for each request. */
  const findLoser = (): T | undefined => {
    for (;;) {
      const group = byLosers.heaviest();
      const loser = group && firstToLose(group, most / 2);
      if (loser?.isAtWork() !== true) return loser;
      move(loser, 'working');
    }
  };
  const chooseLoser = (newcomer: T): T | undefined => {
    endGrace();
    const loser = findLoser();
    const own = groups.get(newcomer.address);
    const heaviest = byAll.heaviest();
    const losesToOwn = loser !== undefined && own?.coming.has(loser) === true;
    return losesToOwn && sizeOf(own) < sizeOf(heaviest) ? (first(heaviest?.working) ?? loser) : loser;
  };
  return {
    add: (holder) => {
      const place: Place<T> = { group: groupOf(holder.address), doing: 'coming', since: now() };
      places.set(holder, place);
      enter(holder, place);
      const loser = places.size > most ? chooseLoser(holder) : undefined;
      if (loser !== undefined) remove(loser);
      return loser;
    },
    remove,
    move,
    doingOf: (holder) => places.get(holder)?.doing,
  };
}

function firstToLose<T>({ late, idle, coming }: Group<T>, mostComing: number): T | undefined {
  if (late.size > 0) return first(late);
  return coming.size > mostComing ? first(coming) : (first(idle) ?? first(coming));
}

function sizeOf<T>(group: Group<T> | undefined): number {
  return group === undefined ? 0 : group.coming.size + group.late.size + group.idle.size + group.working.size;
}

function first<T>(all: ReadonlySet<T> | undefined): T | undefined {
  return all?.values().next().value;
}
