const quote = 0x22;
const backslash = 0x5c;
/** `[` is 0x5b and `{` is 0x7b: they differ in this bit alone, and so do their closing ones. */
const caseBit = 0x20;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Whether a JSON text nests objects and lists deeper than a limit. Looks at the bytes, before anything recursive may
 * see them; what stands in strings does not count.
 *
 * @param body JSON in UTF-8, whose continuation bytes are never mistaken for ASCII
 */
export function isNestedDeeper(body: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let position = 0; position < body.length; position += 1) {
    const byte = body[position] as number;
    if (byte === quote) {
      position = endOfString(body, position);
    } else if (byte >= 0x5b) {
      const brace = byte | caseBit;
      if (brace === openBrace) {
        depth += 1;
        if (depth > limit) return true;
      } else if (brace === closeBrace) {
        depth -= 1;
      }
    }
  }
  return false;
}

function endOfString(body: Uint8Array, start: number): number {
  let position = start + 1;
  for (; position < body.length; position += 1) {
    const byte = body[position];
    if (byte === quote) return position;
    if (byte === backslash) position += 1;
  }
  return position;
}
