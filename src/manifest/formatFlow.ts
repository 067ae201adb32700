import { isOneLine } from './formatBlock.ts';
import { formatScalar, formatString } from './formatScalar.ts';
import type { ExactObject, ExactValue } from './nodeValue.ts';

/** How maps and lists in braces and brackets are written around a place. */
export interface FlowStyle {
  /** Whether all strings are in double quotes. */
  readonly isJson: boolean;
  /** Whether no space follows commas and colons. */
  readonly isTight: boolean;
  /** What stands inside the braces of a map on one line. */
  readonly padding: string;
  /** What stands inside the brackets of a list on one line. */
  readonly listPadding: string;
  /** Where entries have lines of their own: the margin of the entries at this level, and what each level adds. */
  readonly lines: { readonly margin: string; readonly step: string; readonly lineBreak: string } | undefined;
}

/** A value as it stands behind a key or in a list. */
export function formatFlow(value: ExactValue, style: FlowStyle): string {
  if (isOneLine(value)) return formatScalar(value, style.isJson ? 'json' : 'flow');
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const inner = innerStyle(style);
  const members = Array.isArray(value)
    ? value.map((item) => formatFlow(item, inner))
    : Object.entries(value as ExactObject).map(([key, entry]) => formatFlowEntry(key, entry, inner));
  if (style.lines !== undefined && inner.lines !== undefined) {
    const { margin, lineBreak } = style.lines;
    const body = members.join(`,${lineBreak}${inner.lines.margin}`);
    return `${open}${lineBreak}${inner.lines.margin}${body}${lineBreak}${margin}${close}`;
  }
  const padding = Array.isArray(value) ? style.listPadding : style.padding;
  return `${open}${padding}${members.join(style.isTight ? ',' : ', ')}${padding}${close}`;
}

/** A key with its value. */
export function formatFlowEntry(key: string, value: ExactValue, style: FlowStyle): string {
  const name = formatString(key, style.isJson ? 'json' : 'flow');
  return `${name}:${style.isTight ? '' : ' '}${formatFlow(value, style)}`;
}

/** The style one level further in. */
function innerStyle(style: FlowStyle): FlowStyle {
  if (style.lines === undefined) return style;
  return { ...style, lines: { ...style.lines, margin: style.lines.margin + style.lines.step } };
}
