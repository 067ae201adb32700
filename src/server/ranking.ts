/** What has weights, by weight. To change one and to ask for the heaviest cost the same however many there are. */
export interface Ranking<T> {
  /** @param weight a whole number; 0 takes it out. */
  readonly set: (item: T, weight: number) => void;
  /** Of those that weigh the same, the one that has done so for longest. */
  readonly heaviest: () => T | undefined;
}

/** Makes a ranking that is empty. */
export function makeRanking<T>(): Ranking<T> {
  const weights = new Map<T, number>();
  const items: Set<T>[] = [];
  let most = 0;
  return {
    set: (item, weight) => {
      const before = weights.get(item) ?? 0;
      if (before === weight) return;
      items[before]?.delete(item);
      if (weight === 0) {
        weights.delete(item);
      } else {
        weights.set(item, weight);
        while (items.length <= weight) items.push(new Set());
        items[weight]?.add(item);
      }
      most = Math.max(most, weight);
      while (most > 0 && items[most]?.size === 0) most -= 1;
    },
    heaviest: () => items[most]?.values().next().value,
  };
}
