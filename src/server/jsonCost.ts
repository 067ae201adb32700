const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** What JSON.parse takes for each, in nanoseconds, as measured with V8 13.6 on a common core. */
const costs = {
  objectOrList: 250,
  /** Known keys and numbers; those of short texts that are new cost more. */
  value: 40,
  string: 210,
  /**
   * A key that none of the last objects has had after the same keys: V8 makes a new shape, and a new string. Each key
   * that may be a number is taken for one, since an object with large numbers for keys is a dictionary of its own.
   */
  newKey: 900,
};

/**
 * What an object may cost to parse, in nanoseconds; in an update the old one counts anew, so that debug containers come to
 * a pod that is as full as can be. Nearly all that can be stored costs less: of etcd's 1.5 MiB, 170,000 terms of an
 * affinity take most of it. Some costs more, such as 80,000 short environment variables with their managed fields, which
 * need not be stored. So nothing is admitted as it is for costing too much: it is denied.
 */
export const mostCost = 210_000_000;

/** Where a review has the old object: a key of its request, which nothing that is in a pod can be. */
const oldObject = { key: Buffer.from('oldObject'), depth: 2 };

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
  let isOld = false;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (byte === quote) {
      const end = endOfString(text, at + 1);
      const wasOld = isOld;
      isOld ||= isOldObject(text, at + 1, end, depth);
      cost = isOld === wasOld ? cost + costOfString(text, at + 1, end, depth, memory) : 0;
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

function isOldObject(text: Uint8Array, start: number, end: number, depth: number): boolean {
  return depth === oldObject.depth && isKey(text, end) && oldObject.key.equals(text.subarray(start, end));
}

function costOfString(text: Uint8Array, start: number, end: number, depth: number, memory: Memory): number {
  return isKey(text, end) ? costOfKey(text, start, end, depth, memory) : costs.string;
}

/** Whether the string that ends here is a key: the next thing is a colon. */
function isKey(text: Uint8Array, end: number): boolean {
  let at = end + 1;
  while (isSpace(text[at])) at += 1;
  return text[at] === colon;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Whether a key begins with a digit, or with an escape, which may stand for one. */
function mayBeNumber(first: number | undefined): boolean {
  return first === backslash || (first !== undefined && first >= 0x30 && first <= 0x39);
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
  if (mayBeNumber(text[start])) return costs.newKey;
  const place = (shape >>> 8) % shapesRemembered;
  if (remembered[place] === shape) return 0;
  remembered[place] = shape;
  return costs.newKey;
}
