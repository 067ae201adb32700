import type { Json } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Whether a parsed value nests objects and lists deeper than a limit. Looks no deeper than that itself; a third of what
 * it costs to look at the text.
 */
export function isValueNestedDeeper(value: Json, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  if (!isJsonObject(value)) return value.some((item) => isValueNestedDeeper(item, limit - 1));
  for (const key in value) {
    if (isValueNestedDeeper(value[key] ?? null, limit - 1)) return true;
  }
  return false;
}

/**
 * Whether a JSON text nests objects and lists deeper than a limit. To be asked before a text is parsed that is large
 * enough to block the process if it is nothing but brackets; what stands in strings does not count.
 */
export function isTextNestedDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (let position = 0; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === quote) {
      position = endOfString(text, position);
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > limit) return true;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
    }
  }
  return false;
}

/** The position of a string's closing quote; the text's length where it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
