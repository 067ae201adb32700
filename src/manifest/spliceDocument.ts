import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Json } from '../core/json.ts';
import type { PatchOperation } from '../core/patch.ts';
import { parsePointer } from './pointer.ts';
import type { DocumentEdit, Splice } from './splice.ts';
import type { TextStyle } from './style.ts';
import { columnOf, detectStyle, endOfLine, formatInline, formatLines } from './style.ts';

/** What comes into one place: the members of a map, or the entries of a list. */
interface Addition {
  readonly target: Place;
  readonly entries: { readonly key: string; readonly value: Json }[];
}

/** A node, and what is around it. */
interface Place {
  readonly node: Node | null;
  /** The pair whose value the node is; none at the root and in lists. */
  readonly pair: Pair<Node, Node | null> | undefined;
  /** Whether braces or brackets are around it, where block style has no place. */
  readonly isInFlow: boolean;
}

/** The splices that make a patch; `undefined` where the patch does more than add to what stands in the text as such. */
export function spliceDocument(text: string, { document, patch }: DocumentEdit): readonly Splice[] | undefined {
  const { contents } = document.source.document;
  const style = detectStyle(text, contents);
  const additions = new Map<unknown, Addition>();
  const splices: Splice[] = [];
  for (const operation of patch) {
    const planned = planOperation(contents, operation);
    if (planned === undefined) return undefined;
    if ('value' in planned) {
      splices.push(...fillNull(text, planned.place, planned.value, style));
    } else if ('replaced' in planned) {
      splices.push({ ...planned.replaced, text: formatInline(planned.by, style), depth: 0 });
    } else {
      const addition = additions.get(planned.target.node) ?? { target: planned.target, entries: [] };
      addition.entries.push(planned.entry);
      additions.set(planned.target.node, addition);
    }
  }
  for (const addition of additions.values()) splices.push(...splicesFor(text, addition, style));
  return splices;
}

type Planned =
  | { readonly target: Place; readonly entry: { readonly key: string; readonly value: Json } }
  | { readonly place: Place; readonly value: Json }
  | { readonly replaced: { readonly start: number; readonly end: number }; readonly by: Json };

function planOperation(contents: Node | null, operation: PatchOperation): Planned | undefined {
  if (operation.op !== 'add') return undefined;
  const path = parsePointer(operation.path);
  const key = path.at(-1) ?? '';
  const target = find(contents, path.slice(0, -1));
  if (target === undefined) return undefined;
  if (isSeq(target.node)) return key === '-' ? { target, entry: { key, value: operation.value } } : undefined;
  if (!isMap<Node, Node | null>(target.node)) return undefined;
  const pair = findPair(target.node, key);
  if (pair === undefined) return { target, entry: { key, value: operation.value } };
  const { value } = pair;
  const isInFlow = target.isInFlow || target.node.flow === true;
  if (value === null || (isScalar(value) && value.value === null)) {
    return { place: { node: value, pair, isInFlow }, value: operation.value };
  }
  if (!isScalar(value) || isBlockScalar(value) || value.range == null || typeof operation.value === 'object')
    return undefined;
  return { replaced: { start: value.range[0], end: value.range[1] }, by: operation.value };
}

/** Walks the text's own nodes: an alias or a merged-in map stands elsewhere, so it is not found. */
function find(contents: Node | null, path: readonly string[]): Place | undefined {
  let place: Place | undefined = { node: contents, pair: undefined, isInFlow: false };
  for (const key of path) {
    place = step(place, key);
    if (place === undefined || isShared(place.node)) return undefined;
  }
  return place;
}

function step({ node, isInFlow }: Place, key: string): Place | undefined {
  if (isSeq<Node>(node)) {
    const item = node.items[Number(key)];
    return item === undefined ? undefined : { node: item, pair: undefined, isInFlow: isInFlow || node.flow === true };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  const pair = findPair(node, key);
  return pair === undefined ? undefined : { node: pair.value, pair, isInFlow: isInFlow || node.flow === true };
}

/** What an anchor names stands for other places as well: an edit here would be one there. */
function isShared(node: Node | null): boolean {
  return isAlias(node) || (node !== null && 'anchor' in node && node.anchor !== undefined);
}

function findPair(map: YAMLMap<Node, Node | null>, key: string): Pair<Node, Node | null> | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
}

function splicesFor(text: string, { target, entries }: Addition, style: TextStyle): readonly Splice[] {
  const { node } = target;
  const value: Json = isSeq(node)
    ? entries.map((entry) => entry.value)
    : Object.fromEntries(entries.map(({ key, value }) => [key, value]));
  if (!isMap<Node, Node | null>(node) && !isSeq<Node>(node)) return [];
  if (node.items.length === 0) return fillEmpty(text, target, node, value, style);
  return [node.flow === true ? appendInFlow(text, node, value, style) : appendInBlock(text, node, value, style)];
}

function appendInBlock(
  text: string,
  node: YAMLMap<Node, Node | null> | YAMLSeq<Node>,
  value: Json,
  style: TextStyle,
): Splice {
  const first = isMap<Node>(node) ? node.items[0]?.key.range?.[0] : node.range?.[0];
  return insertLines(text, contentEnd(text, node), formatLines(value, style), columnOf(text, first ?? 0), style);
}

function insertLines(
  text: string,
  after: number,
  lines: readonly string[],
  margin: number,
  { lineEnd }: TextStyle,
): Splice {
  const position = endOfLine(text, after);
  const indented = lines.map((line) => `${lineEnd}${' '.repeat(margin)}${line}`);
  // A list may stand at its key's own column: its entries come before the next key.
  const isList = lines[0]?.startsWith('- ') === true;
  return { start: position, end: position, text: indented.join(''), depth: 2 * margin + (isList ? 1 : 0) };
}

/** `{ a: 1 }` takes more on its line; one that goes over lines takes more lines. */
function appendInFlow(
  text: string,
  node: YAMLMap<Node, Node | null> | YAMLSeq<Node>,
  value: Json,
  style: TextStyle,
): Splice {
  const position = contentEnd(text, node.items.at(-1));
  const start = node.range?.[0] ?? 0;
  const isOnOneLine = !text.slice(start, position).includes('\n');
  const compact = style.isJson && !/[:,]\s/.test(text.slice(start, position).slice(0, 200));
  const parts = entriesInFlow(value, style, isOnOneLine, compact);
  if (isOnOneLine) {
    const separator = compact ? ',' : ', ';
    return { start: position, end: position, text: parts.map((part) => `${separator}${part}`).join(''), depth: 0 };
  }
  const margin = ' '.repeat(indentOfLine(text, firstItemStart(node)));
  const added = parts.map((part) => `,${style.lineEnd}${margin}${part.replaceAll('\n', `${style.lineEnd}${margin}`)}`);
  return { start: position, end: position, text: added.join(''), depth: 0 };
}

function entriesInFlow(value: Json, style: TextStyle, isOnOneLine: boolean, compact: boolean): readonly string[] {
  const format = (part: Json): string => {
    if (!style.isJson) return formatInline(part, style);
    return isOnOneLine ? JSON.stringify(part) : JSON.stringify(part, null, style.indent);
  };
  if (Array.isArray(value)) return value.map(format);
  return Object.entries(value as { [key: string]: Json }).map(
    ([key, part]) => `${format(key)}:${compact ? '' : ' '}${format(part)}`,
  );
}

/** `{}`, `[]`: in block style the entries come below the key, in flow style between the braces. */
function fillEmpty(
  text: string,
  place: Place,
  node: YAMLMap<Node, Node | null> | YAMLSeq<Node>,
  value: Json,
  style: TextStyle,
): readonly Splice[] {
  if (node.range == null) return [];
  return setValue(text, place, node.range[0], node.range[1], value, style);
}

function fillNull(text: string, place: Place, value: Json, style: TextStyle): readonly Splice[] {
  const afterKey = text.indexOf(':', place.pair?.key.range?.[1] ?? 0) + 1;
  const range = place.node?.range;
  const isWritten = range != null && range[1] > range[0];
  return setValue(text, place, isWritten ? range[0] : afterKey, isWritten ? range[1] : afterKey, value, style);
}

function setValue(
  text: string,
  place: Place,
  start: number,
  end: number,
  value: Json,
  style: TextStyle,
): readonly Splice[] {
  const isBlock = !style.isJson && !place.isInFlow && place.pair !== undefined && typeof value === 'object';
  if (!isBlock) {
    const separator = !style.isJson && text[start - 1] === ':' ? ' ' : '';
    return [{ start, end, text: `${separator}${formatOverLines(text, start, value, style)}`, depth: 0 }];
  }
  const outer = columnOf(text, place.pair?.key.range?.[0] ?? 0);
  const deeper = Array.isArray(value) && !style.indentsLists ? 0 : style.indent;
  const spaceBefore = text.slice(0, start).length - text.slice(0, start).trimEnd().length;
  return [
    { start: start - spaceBefore, end, text: '', depth: 0 },
    insertLines(text, end, formatLines(value, style), outer + deeper, style),
  ];
}

/** In a JSON text that goes over lines, so does a value that is put in. */
function formatOverLines(text: string, start: number, value: Json, style: TextStyle): string {
  if (!style.isJson || !text.includes('\n')) return formatInline(value, style);
  const margin = ' '.repeat(indentOfLine(text, start));
  return JSON.stringify(value, null, style.indent).replaceAll('\n', `${style.lineEnd}${margin}`);
}

/** Where the last thing that belongs to a node ends, line breaks and comments behind it left out. */
function contentEnd(text: string, item: Node | Pair<Node, Node | null> | undefined): number {
  if (item === undefined) return 0;
  if ('key' in item && 'value' in item && !('range' in item)) {
    const pair = item as Pair<Node, Node | null>;
    return Math.max(contentEnd(text, pair.key), pair.value === null ? 0 : contentEnd(text, pair.value));
  }
  const node = item as Node;
  if ((isMap(node) || isSeq(node)) && node.flow !== true) {
    return contentEnd(text, node.items.at(-1) as Node | Pair<Node, Node | null> | undefined);
  }
  const end = node.range?.[1] ?? 0;
  return isBlockScalar(node) && text[end - 1] === '\n' ? end - 1 : end;
}

function isBlockScalar(node: Node): boolean {
  return isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
}

function firstItemStart(node: YAMLMap<Node, Node | null> | YAMLSeq<Node>): number {
  const [first] = node.items;
  return (
    (first === undefined
      ? node.range?.[0]
      : 'key' in first
        ? (first as Pair<Node>).key.range?.[0]
        : first.range?.[0]) ?? 0
  );
}

function indentOfLine(text: string, position: number): number {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  return /^ */.exec(text.slice(start, position + 1))?.[0].length ?? 0;
}
