/** What one body takes of a budget. */
export interface Holding {
  /** Whoever holds most loses first where there is too little for all. */
  readonly owner: string;
  /** Of what one owner holds, the heaviest group loses; the namespace, once it is known. */
  group: string;
  /** A body that is still on its way; where one of them has to go, it is the one that began first. */
  isIncomplete: boolean;
  /** Gives it up. `undefined` while that cannot be. */
  drop: (() => void) | undefined;
}

/** So many bytes that bodies may hold at a time. */
export interface ByteBudget {
  /** Takes room for a body, or more room, at the cost of whoever holds most; that may be the body itself. */
  readonly take: (holding: Holding, bytes: number) => void;
  /** Gives the room back; once is enough, twice does no harm. */
  readonly release: (holding: Holding) => void;
  readonly held: () => number;
}

/** Makes a budget of so many bytes. */
export function makeByteBudget(most: number): ByteBudget {
  /** In the order in which they began. */
  const bytesOf = new Map<Holding, number>();
  let held = 0;

  function take(holding: Holding, bytes: number): void {
    held += bytes - (bytesOf.get(holding) ?? 0);
    bytesOf.set(holding, bytes);
    while (held > most) {
      const loser = chooseLoser(bytesOf);
      if (loser === undefined) return;
      release(loser);
      loser.drop?.();
    }
  }

  function release(holding: Holding): void {
    held -= bytesOf.get(holding) ?? 0;
    bytesOf.delete(holding);
  }

  return { take, release, held: () => held };
}

/**
 * Of the owner that holds most, and of its groups the one that holds most: what has been on its way for longest, for it
 * may never come; else what came last, for what came before it has waited longer.
 */
function chooseLoser(bytesOf: ReadonlyMap<Holding, number>): Holding | undefined {
  const droppable = [...bytesOf].filter(([{ drop }]) => drop !== undefined);
  const ofOwner = heaviest(droppable, ({ owner }) => owner);
  const ofGroup = heaviest(ofOwner, ({ group }) => group).map(([holding]) => holding);
  return ofGroup.find(({ isIncomplete }) => isIncomplete) ?? ofGroup.at(-1);
}

/** Those that share the name under which most bytes are held. */
function heaviest(
  entries: readonly (readonly [Holding, number])[],
  nameOf: (holding: Holding) => string,
): readonly (readonly [Holding, number])[] {
  const totals = new Map<string, number>();
  for (const [holding, bytes] of entries) totals.set(nameOf(holding), (totals.get(nameOf(holding)) ?? 0) + bytes);
  const [name] = [...totals].reduce((most, each) => (each[1] > most[1] ? each : most), ['', -1]);
  return entries.filter(([holding]) => nameOf(holding) === name);
}
