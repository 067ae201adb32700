import type { Alias, Document, Pair, ParsedNode } from 'yaml';
import { isAlias, isCollection, isMap, isScalar, isSeq } from 'yaml';
import type { BlockStyle } from './formatBlock.ts';
import { formatEntry } from './formatBlock.ts';
import { formatFlowEntry } from './formatFlow.ts';
import type { ExactObject, ExactValue } from './nodeValue.ts';
import { exactValueOf, isExactObject, isMergeKey, isSameValue, keyOf } from './nodeValue.ts';
import { childNodes, composeDocument, resolveAliases } from './parseDocument.ts';
import type { Surroundings } from './surroundingStyle.ts';
import { blockStyleAt, flowStyleAt } from './surroundingStyle.ts';
import type { CollectionNode, ListNode, MapNode } from './textLayout.ts';
import { isFlow } from './textLayout.ts';

/**
 * A document as the YAML library writes it, its nodes made to say what they are to say: comments, order and quoting
 * stay with them, spacing does not. An alias stays where it still says the same, and is written out elsewhere.
 */
export function rewriteDocument(surroundings: Surroundings, expected: ExactValue): string {
  const root = surroundings.root as CollectionNode;
  const document = composeDocument(surroundings.text.replaceAll('\r\n', '\n'));
  const contents = document?.contents;
  if (document === undefined || contents == null) return surroundings.text;
  const style = blockStyleAt(surroundings, root);
  const isJson = isFlow(root) && flowStyleAt(surroundings, root).isJson;
  const rewriting = { targets: new Map(resolveAliases(contents)), anchors: new Map(), style, isJson };
  (document as Document<ParsedNode>).contents = follow(contents, expected, rewriting);
  const indentation = { indent: style.mapStep, indentSeq: style.listStep > 0, lineWidth: 0 };
  return document
    .toString({ ...indentation, directives: false, verifyAliasOrder: false })
    .replaceAll('\n', surroundings.lineBreak);
}

interface Rewriting {
  /** What each alias stands for now. */
  readonly targets: Map<Alias, ParsedNode>;
  /** What each name stands for at the place that was come to, in the order of the text. */
  readonly anchors: Map<string, ParsedNode>;
  readonly style: BlockStyle;
  readonly isJson: boolean;
}

/** Makes a node say a value, and the text around it stay what it was as far as that goes. */
function follow(node: ParsedNode, value: ExactValue, rewriting: Rewriting): ParsedNode {
  if (isAlias(node)) {
    return keepAliases(node, rewriting) && isSameNow(node, value, rewriting) ? node : replace(node, value, rewriting);
  }
  noteAnchor(node, rewriting);
  if (isMap(node) && isExactObject(value)) return followMap(node as MapNode, value, rewriting);
  if (isSeq(node) && Array.isArray(value)) return followList(node as ListNode, value, rewriting);
  return isScalar(node) && isSameNow(node, value, rewriting) ? node : replace(node, value, rewriting);
}

function noteAnchor(node: ParsedNode, { anchors }: Rewriting): void {
  if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
}

function isSameNow(node: ParsedNode, value: ExactValue, { targets }: Rewriting): boolean {
  return isSameValue(exactValueOf(node, { targets }), value);
}

/** Whether all aliases in what stays as it is still have an anchor before them. */
function keepAliases(node: ParsedNode, rewriting: Rewriting): boolean {
  noteAnchor(node, rewriting);
  if (!isAlias(node)) return childNodes(node).every((child) => keepAliases(child, rewriting));
  const target = rewriting.anchors.get(node.source);
  if (target !== undefined) rewriting.targets.set(node, target);
  return target !== undefined;
}

type Entry = MapNode['items'][number];

function followMap(map: MapNode, value: ExactObject, rewriting: Rewriting): ParsedNode {
  const missing = new Set(Object.keys(value));
  let areMergesKept = true;
  const kept = map.items.filter((entry) => {
    if (!isMergeKey(entry.key)) return followEntry(entry, value, missing, rewriting);
    areMergesKept = entry.value !== null && keepAliases(entry.value, rewriting) && areMergesKept;
    return true;
  });
  const own = kept.filter(({ key }) => !isMergeKey(key));
  const make = (key: string): Entry => makeEntry(key, value[key] ?? null, rewriting);
  if (areMergesKept && own.length < kept.length) {
    map.items = kept;
    const merged = exactValueOf(map as ParsedNode, rewriting) as ExactObject;
    const overriding = [...missing].filter((key) => !isSameValue(merged[key], value[key]));
    map.items = [...kept, ...overriding.map(make)];
    if (isSameNow(map as ParsedNode, value, rewriting)) return map as ParsedNode;
  }
  map.items = [...own, ...[...missing].map(make)];
  return closeIfEmpty(map);
}

/** Whether the entry stays; its key is then no longer missing. */
function followEntry(entry: Entry, value: ExactObject, missing: Set<string>, rewriting: Rewriting): boolean {
  const key = keyOf(entry.key, rewriting.targets);
  if (!missing.delete(key)) return false;
  if (isAlias(entry.key)) entry.key = makeEntry(key, null, rewriting).key;
  noteAnchor(entry.key, rewriting);
  const expected = value[key] ?? null;
  if (entry.value !== null) entry.value = follow(entry.value, expected, rewriting);
  else if (expected !== null) entry.value = makeEntry(key, expected, rewriting).value;
  return true;
}

/** Items that are the same from either end on stay what they are; those between are taken one by one. */
function followList(list: ListNode, value: readonly ExactValue[], rewriting: Rewriting): ParsedNode {
  const { items } = list;
  const before = items.map((item) => exactValueOf(item, rewriting));
  const most = Math.min(items.length, value.length);
  let first = 0;
  while (first < most && isSameValue(before[first], value[first])) first += 1;
  let last = 0;
  while (last < most - first && isSameValue(before.at(-1 - last), value.at(-1 - last))) last += 1;
  list.items = value.map((entry, index) => {
    const isBehind = index >= value.length - last;
    const position = isBehind ? items.length - (value.length - index) : index;
    const item = isBehind || index < items.length - last ? items[position] : undefined;
    return item === undefined ? makeNode(entry, rewriting) : follow(item, entry, rewriting);
  });
  return closeIfEmpty(list);
}

/** In block style, an empty list comes to stand below its key, where it cannot be read. */
function closeIfEmpty(node: CollectionNode): ParsedNode {
  if (node.items.length === 0) node.flow = true;
  return node as ParsedNode;
}

/** Another node at the same place: the comments there are about the place. */
function replace(node: ParsedNode, value: ExactValue, rewriting: Rewriting): ParsedNode {
  const made = makeNode(value, rewriting);
  const { comment, commentBefore, spaceBefore = false } = node;
  // What followed on the line would come to stand below a map or a list.
  const [above, behind] = isCollection(made) ? [joinLines(commentBefore, comment)] : [commentBefore, comment];
  return Object.assign(made, { comment: behind ?? null, commentBefore: above ?? null, spaceBefore });
}

function joinLines(...texts: readonly (string | null | undefined)[]): string | null {
  const written = texts.filter((text) => text != null);
  return written.length === 0 ? null : written.join('\n');
}

function makeNode(value: ExactValue, rewriting: Rewriting): ParsedNode {
  const { value: node } = makeEntry('', value, rewriting);
  if (node === null) throw new TypeError('an entry has a value');
  return node;
}

/** The nodes of an entry, as the library reads it from the text that an edit would put in. */
function makeEntry(key: string, value: ExactValue, { style, isJson }: Rewriting): Pair<ParsedNode, ParsedNode> {
  const json = { isJson: true, isTight: true, padding: '', listPadding: '', lines: undefined };
  const text = isJson ? `{${formatFlowEntry(key, value, json)}}` : formatEntry(key, value, style).join('\n');
  const contents = composeDocument(text)?.contents;
  const [entry] = isMap<ParsedNode, ParsedNode>(contents) ? contents.items : [];
  if (entry === undefined) throw new TypeError(`cannot be read back: ${text}`);
  return entry;
}
