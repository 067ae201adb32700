/** What one body takes of a budget. */
export interface Holding {
  /** Whoever holds most loses first where there is too little for all. */
  owner: string;
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
 * Of the owner that holds most: what has been on its way for longest, for it may never come; else what came last, for
 * what came before it has waited longer.
 */
function chooseLoser(bytesOf: ReadonlyMap<Holding, number>): Holding | undefined {
  const totals = new Map<string, number>();
  for (const [{ owner, drop }, bytes] of bytesOf) {
    if (drop !== undefined) totals.set(owner, (totals.get(owner) ?? 0) + bytes);
  }
  const [heaviest] = [...totals].reduce((most, each) => (each[1] > most[1] ? each : most), ['', -1]);
  const candidates = [...bytesOf.keys()].filter(({ owner, drop }) => drop !== undefined && owner === heaviest);
  return candidates.find(({ isIncomplete }) => isIncomplete) ?? candidates.at(-1);
}
