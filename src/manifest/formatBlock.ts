import { formatLiteral, formatScalar, formatString } from './formatScalar.ts';
import type { ExactObject, ExactValue } from './nodeValue.ts';

/** How block style is indented around a place. */
export interface BlockStyle {
  /** How much further in the keys of a map stand than those of the map around it. */
  readonly mapStep: number;
  /** How much further in a dash stands than the key above it; often 0. */
  readonly listStep: number;
  /** From a dash to what follows it; at least 2. */
  readonly dashStep: number;
}

/** Whether a value takes no more than the rest of its key's line. */
export function isOneLine(value: ExactValue): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}

/** The lines of an entry of a map, the first from the key on, without margin; those below are indented from there. */
export function formatEntry(key: string, value: ExactValue, style: BlockStyle): readonly string[] {
  const name = `${formatString(key, 'block')}:`;
  const [inline, ...below] = formatBelow(value, style);
  return [inline === '' ? name : `${name} ${inline}`, ...below];
}

/** What follows a key and its colon: the rest of that line, maybe empty, and the lines below, indented from the key. */
export function formatBelow(value: ExactValue, style: BlockStyle): readonly string[] {
  if (isOneLine(value)) {
    const [header, ...lines] = (typeof value === 'string' ? formatLiteral(value) : undefined) ?? [];
    return header === undefined ? [formatScalar(value, 'block')] : [header, ...indent(lines, style.mapStep)];
  }
  return ['', ...indent(formatMembers(value, style), Array.isArray(value) ? style.listStep : style.mapStep)];
}

/** The lines of an item of a list, the first from its dash on. */
export function formatItem(value: ExactValue, style: BlockStyle): readonly string[] {
  if (isOneLine(value)) {
    const [inline, ...below] = formatBelow(value, style);
    return [`- ${inline}`, ...below];
  }
  const [first = '', ...rest] = formatMembers(value, style);
  return [`-${' '.repeat(style.dashStep - 1)}${first}`, ...indent(rest, style.dashStep)];
}

/** The lines of a map or a list that is not empty. */
function formatMembers(value: ExactValue, style: BlockStyle): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => formatItem(item, style));
  return Object.entries(value as ExactObject).flatMap(([key, entry]) => formatEntry(key, entry, style));
}

/** Blank lines get no margin. */
function indent(lines: readonly string[], step: number): readonly string[] {
  return lines.map((line) => (line === '' ? line : ' '.repeat(step) + line));
}
