/** Whose turn something is: first the addresses take turns, then the namespaces of one address. */
export interface Turn {
  readonly address: string;
  readonly namespace: string;
}

/** What waits for its turn. */
export interface Turns<Item extends Turn> {
  readonly add: (item: Item) => void;
  /** Takes the next one out; each address, and each of its namespaces, comes again only after all others. */
  readonly next: () => Item | undefined;
  readonly remove: (item: Item) => void;
  readonly size: () => number;
  /** The last one of the namespace that has most waiting, of the address that has. */
  readonly last: () => Item | undefined;
}

/** Makes an empty queue with turns. */
export function makeTurns<Item extends Turn>(): Turns<Item> {
  /** In the order of the turns to come. */
  const waiting = new Map<string, Map<string, Item[]>>();

  function add(item: Item): void {
    const ofAddress = waiting.get(item.address) ?? new Map<string, Item[]>();
    const ofNamespace = ofAddress.get(item.namespace) ?? [];
    ofNamespace.push(item);
    ofAddress.set(item.namespace, ofNamespace);
    waiting.set(item.address, ofAddress);
  }

  function next(): Item | undefined {
    const [address, ofAddress] = rotate(waiting) ?? [];
    if (address === undefined || ofAddress === undefined) return undefined;
    const item = rotate(ofAddress)?.[1][0];
    if (item !== undefined) remove(item);
    return item;
  }

  function remove(item: Item): void {
    const ofAddress = waiting.get(item.address);
    const ofNamespace = ofAddress?.get(item.namespace);
    const index = ofNamespace?.indexOf(item) ?? -1;
    if (index === -1) return;
    ofNamespace?.splice(index, 1);
    if (ofNamespace?.length === 0) ofAddress?.delete(item.namespace);
    if (ofAddress?.size === 0) waiting.delete(item.address);
  }

  function last(): Item | undefined {
    const ofAddress = longest([...waiting.values()], sizeOf);
    return longest([...(ofAddress?.values() ?? [])], ({ length }) => length)?.at(-1);
  }

  const size = (): number => [...waiting.values()].reduce((sum, ofAddress) => sum + sizeOf(ofAddress), 0);
  return { add, next, remove, size, last };
}

/** The first entry, which comes last from now on. */
function rotate<Value>(entries: Map<string, Value>): [string, Value] | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  entries.delete(first[0]);
  entries.set(...first);
  return first;
}

function sizeOf(ofAddress: ReadonlyMap<string, readonly unknown[]>): number {
  let size = 0;
  for (const { length } of ofAddress.values()) size += length;
  return size;
}

/** The first of the largest. */
function longest<Value>(values: readonly Value[], size: (value: Value) => number): Value | undefined {
  let found: Value | undefined;
  for (const value of values) if (found === undefined || size(value) > size(found)) found = value;
  return found;
}
