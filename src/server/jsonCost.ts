const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** What JSON.parse takes for each, in nanoseconds, as measured with V8 13.6 on a common core. */
const costs = {
  objectOrList: 250,
  /** Known keys and numbers; those of short texts that are new cost more. */
  value: 40,
  string: 210,
  /** A key that none of the last objects has had after the same keys: V8 makes a new shape, and a new string. */
  newKey: 900,
};

/**
 * What a body may cost to parse, in nanoseconds. More than that has no object that can be stored: of etcd's 1.5 MiB,
 * 170,000 terms of an affinity make the most of it. What is refused here may be admitted as it is, if failurePolicy says
 * so, and nothing that could be stored may get around being hardened.
 */
export const mostCost = 210_000_000;

/** By the byte, outside of strings. */
const costOf = tableOf({ '{': costs.objectOrList, '[': costs.objectOrList, ',': costs.value, ':': costs.value });
const stepOf = tableOf({ '{': 1, '[': 1, '}': -1, ']': -1 });

function tableOf(entries: Readonly<Record<string, number>>): Int32Array {
  const table = new Int32Array(256);
  for (const [character, value] of Object.entries(entries)) table[character.charCodeAt(0)] = value;
  return table;
}

/** How many shapes of objects are remembered, as a power of two. */
const shapesRemembered = 4096;

/** Of a longer key, the rest tells no more; there cannot be many of them. */
const mostKeyBytes = 64;

/** What makes a JSON text one that nobody should parse. */
export type Trouble = 'tooDeep' | 'tooCostly';

/**
 * Looks for trouble in a JSON text, in some nanoseconds a byte and without any memory to speak of, before JSON.parse
 * makes of brackets and keys what takes a second and thirty times their size. What stands in strings does not count.
 */
export function findTrouble(text: Uint8Array, deepest: number, most = mostCost): Trouble | undefined {
  const memory = { shapes: new Int32Array(deepest + 1), remembered: new Int32Array(shapesRemembered) };
  let depth = 0;
  let cost = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (byte === quote) {
      const end = endOfString(text, at + 1);
      cost += isKey(text, end) ? costOfKey(text, at + 1, end, depth, memory) : costs.string;
      at = end;
    } else {
      const step = stepOf[byte] ?? 0;
      depth += step;
      cost += costOf[byte] ?? 0;
      if (step > 0) memory.shapes[depth] = 0;
    }
    if (depth > deepest) return 'tooDeep';
    if (cost > most) return 'tooCostly';
  }
  return undefined;
}

/** The position of a string's closing quote; the text's length where it has none. */
function endOfString(text: Uint8Array, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === quote) return at;
    if (byte === backslash) at += 1;
  }
  return text.length;
}

/** Whether what ends here is a key; with space before the colon it is taken for a value, which nobody writes. */
function isKey(text: Uint8Array, end: number): boolean {
  return text[end + 1] === colon;
}

interface Memory {
  /** That of the object at each depth, as far as it has come. */
  readonly shapes: Int32Array;
  readonly remembered: Int32Array;
}

/** An object's shape is its keys in their order. Shapes are known by a hash, in a table where new ones replace old ones. */
function costOfKey(
  text: Uint8Array,
  start: number,
  end: number,
  depth: number,
  { shapes, remembered }: Memory,
): number {
  let hash = (shapes[depth] ?? 0) ^ (end - start);
  const last = Math.min(end, start + mostKeyBytes);
  for (let at = start; at < last; at += 1) hash = Math.imul(hash ^ (text[at] ?? 0), 0x01000193);
  // Never zero, which is what the table begins with.
  const shape = hash | 1;
  shapes[depth] = shape;
  const place = (shape >>> 8) % shapesRemembered;
  if (remembered[place] === shape) return 0;
  remembered[place] = shape;
  return costs.newKey;
}
