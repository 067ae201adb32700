import type { ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { isCollection, isMap, isScalar } from 'yaml';

export type MapNode = YAMLMap.Parsed<ParsedNode, ParsedNode | null>;
export type ListNode = YAMLSeq.Parsed<ParsedNode>;
export type CollectionNode = MapNode | ListNode;

/** Thrown where the text is written in a way that no splice is made for; the document is then written anew. */
export class UnusualText extends Error {
  /** Where in the document's own text, if at one place. */
  readonly offset: number | undefined;

  /** @param reason what stands there, as people who wrote it would say. */
  constructor(reason: string, offset?: number) {
    super(reason);
    this.offset = offset;
  }
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Where the line of an offset ends, its line break left out. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  const end = newline === -1 ? text.length : newline;
  return end > offset && text[end - 1] === '\r' ? end - 1 : end;
}

/** How many characters stand before an offset on its line; with tabs among them that says nothing about columns. */
export function columnOf(text: string, offset: number): number {
  const start = lineStart(text, offset);
  if (text.slice(start, offset).includes('\t')) throw new UnusualText('a tab stands in the indentation', offset);
  return offset - start;
}

/** The white space that the line of an offset begins with. */
export function marginOf(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), lineEnd(text, offset)))?.[0] ?? '';
}

/** The offset with the spaces before it left out. */
export function trimBack(text: string, offset: number): number {
  let end = offset;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return end;
}

/** Whether nothing but a comment stands between an offset and the end of its line. */
export function isRestOfLineFree(text: string, offset: number): boolean {
  return /^[ \t]*$|^[ \t]+#/.test(text.slice(offset, lineEnd(text, offset)));
}

/** Whether a node is in braces or brackets. A pair alone in brackets, `[a: 1]`, is a map without any of its own. */
export function isFlow(node: CollectionNode): boolean {
  return node.flow === true;
}

/** Whether nothing stands in the text for a null. */
export function isEmptyScalar(node: ParsedNode): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.range[0] === node.range[1];
}

/** Where the last character that belongs to a node ends; line breaks and comments behind it are left out. */
export function contentEnd(text: string, node: ParsedNode): number {
  if (isCollection(node)) {
    const collection = node as CollectionNode;
    if (isFlow(collection) || collection.items.length === 0) return node.range[1];
    return memberEnd(text, collection, collection.items.length - 1);
  }
  if (isEmptyScalar(node)) return trimBack(text, node.range[0]);
  if (isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED')) {
    return endOfBlockScalar(text, node.range);
  }
  return node.range[1];
}

/** With `+` the blank lines at the end belong to the text; of all others they do not. */
function endOfBlockScalar(text: string, range: readonly [number, number, number]): number {
  const source = text.slice(range[0], range[1]);
  const keepsBlankLines = /^[|>][0-9]*\+/.test(source);
  const trimmed = keepsBlankLines ? source.replace(/\r?\n$/, '') : source.replace(/[\r\n]+$/, '');
  return range[0] + trimmed.length;
}

/** Where an entry of a map or an item of a list ends. */
export function memberEnd(text: string, node: CollectionNode, index: number): number {
  if (!isMap(node)) {
    return contentEnd(text, itemAt(node as ListNode, index));
  }
  const pair = pairAt(node as MapNode, index);
  return pair.value === null ? pair.key.range[1] : Math.max(afterColon(text, pair.key), contentEnd(text, pair.value));
}

/** Where an entry of a map begins, or an item of a list, its dash included. */
export function memberStart(text: string, node: CollectionNode, index: number): number {
  if (isMap(node)) {
    const { key } = pairAt(node as MapNode, index);
    refuseProperties(key);
    return key.range[0];
  }
  if (!isFlow(node)) return dashOf(text, node as ListNode, index);
  const item = itemAt(node as ListNode, index);
  refuseProperties(item);
  return item.range[0];
}

function pairAt(node: MapNode, index: number): MapNode['items'][number] {
  const pair = node.items[index];
  if (pair === undefined) throw new UnusualText('a key that the text does not have', node.range[0]);
  return pair;
}

export function itemAt(node: ListNode, index: number): ParsedNode {
  const item = node.items[index];
  if (item === undefined) throw new UnusualText('an item that the text does not have', node.range[0]);
  return item;
}

/** An anchor or a tag stands before the node, outside of its range. */
export function refuseProperties(node: ParsedNode): void {
  if ('anchor' in node && node.anchor !== undefined)
    throw new UnusualText('an anchor names what changes', node.range[0]);
  if ('tag' in node && node.tag !== undefined) throw new UnusualText('a tag stands before what changes', node.range[0]);
}

/** The dash of an item in block style. Between two items there are only blank lines and comments. */
export function dashOf(text: string, node: ListNode, index: number): number {
  const column = columnOf(text, node.range[0]);
  if (index === 0) return node.range[0];
  let at = lineEnd(text, memberEnd(text, node, index - 1));
  while (at < text.length) {
    at = text.indexOf('\n', at) + 1;
    if (at === 0) break;
    if (text.startsWith(`${' '.repeat(column)}-`, at)) return at + column;
    if (!isRestOfLineFree(text, at) && !/^[ \t]*#/.test(text.slice(at, lineEnd(text, at)))) break;
  }
  throw new UnusualText('a dash does not stand below the one before it', node.range[0]);
}

/** What a sticky pattern finds at an offset. A text on one line is long, so that nothing may look for a line's end. */
export function matchAt(pattern: RegExp, text: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset;
  return pattern.exec(text);
}

/** The offset behind the colon of a key; a key that is written with `?` has none on its line. */
export function afterColon(text: string, key: ParsedNode): number {
  const match = matchAt(/[ \t]*:/y, text, key.range[1]);
  if (match === null) throw new UnusualText('the colon of a key stands on another line', key.range[0]);
  return key.range[1] + match[0].length;
}

/** Where the keys of a map in block style stand, or the dashes of a list. */
export function blockColumn(text: string, node: CollectionNode): number {
  return columnOf(text, memberStart(text, node, 0));
}
