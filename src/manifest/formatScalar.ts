import type { ExactValue } from './nodeValue.ts';
import { resolvePlainScalar } from './plainScalar.ts';

/** Where a scalar is written: what may stand there unquoted differs. */
export type ScalarPlace = 'block' | 'flow' | 'json';

/** Read as something else by other readers of YAML 1.1 or 1.2, though kubectl reads a string. */
const misread =
  /^(?:[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?.*|[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?0[xX][0-9a-fA-F_]+|[-+]?0[oO]?[0-9_]+|[-+]?0[bB][01_]+|=|<<)$/;

/** A scalar, or an empty list or map, on one line. */
export function formatScalar(value: ExactValue, place: ScalarPlace): string {
  if (typeof value === 'string') return formatString(value, place);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[]' : '{}';
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

/** Unquoted where every reader takes it for the same string, else quoted so that little has to be escaped. */
export function formatString(text: string, place: ScalarPlace): string {
  if (place === 'json') return doubleQuote(text);
  if (isSafeUnquoted(text, place)) return text;
  const isBetterInSingleQuotes = /["\\]/.test(text) && !text.includes("'") && !needsEscapes(text);
  return isBetterInSingleQuotes ? `'${text}'` : doubleQuote(text);
}

function isSafeUnquoted(text: string, place: 'block' | 'flow'): boolean {
  if (text === '' || needsEscapes(text) || text.trim() !== text) return false;
  if (/^[,[\]{}#&*!|>'"%@`]|^[-?:](?:\s|$)|^[?:]|^---|^\.\.\./.test(text)) return false;
  if (/: |:$| #/.test(text)) return false;
  if (place === 'flow' && /[,[\]{}]|:(?=["'])/.test(text)) return false;
  return typeof resolvePlainScalar(text) === 'string' && !misread.test(text);
}

/** Line breaks of YAML 1.1, control characters, and what no editor shows. */
function needsEscapes(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: These are the very characters that are looked for.
  return /[\u0000-\u001f\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udfff]/.test(text);
}

function doubleQuote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The lines of a text in literal style, without any indentation; the first is the header, `|` or `|-`. `undefined` for
 * what has to be quoted.
 */
export function formatLiteral(text: string): readonly string[] | undefined {
  const body = text.replace(/\n$/, '');
  const lines = body.split('\n');
  if (lines.length < 2 && body === text) return undefined;
  const isPlainText = lines.every((line) => !needsEscapes(line) && (line === '' || line.trim() !== ''));
  if (!isPlainText || lines.at(-1) === '' || /^[ \n]/.test(body)) return undefined;
  return [body === text ? '|-' : '|', ...lines];
}
