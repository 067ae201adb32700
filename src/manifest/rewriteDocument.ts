import type { Alias, Node, ParsedNode } from 'yaml';
import { isAlias, isMap, isSeq, Pair, parseDocument, Scalar, visit, YAMLMap, YAMLSeq } from 'yaml';
import type { Patch, PatchOperation } from '../core/json/patch.ts';
import { isOneLine } from './formatBlock.ts';
import { formatLiteral, formatScalar } from './formatScalar.ts';
import type { ExactObject, ExactValue } from './nodeValue.ts';
import { exactValueOf, isExactObject, isMergeKey, keyOf } from './nodeValue.ts';
import { resolveAliases, textSchema } from './parseDocument.ts';
import { parsePointer } from './pointer.ts';
import type { Surroundings } from './surroundingStyle.ts';
import { blockStyleAt, flowStyleAt } from './surroundingStyle.ts';
import type { CollectionNode, ListNode, MapNode } from './textLayout.ts';
import { isFlow, UnusualText } from './textLayout.ts';

/**
 * A document written anew from its nodes, patched: comments, order and quoting stay, spacing may change, and all
 * aliases are written out.
 *
 * @throws {UnusualText} for a patch of the root.
 */
export function rewriteDocument(surroundings: Surroundings, patch: Patch): string {
  const { text, lineBreak, root } = surroundings;
  const document = parseDocument<ParsedNode>(text.replaceAll('\r\n', '\n'), textSchema);
  if (document.contents === null) throw new UnusualText();
  const targets = resolveAliases(document.contents);
  const place = {
    targets,
    isJson: isFlow(root as CollectionNode) && flowStyleAt(surroundings, root as CollectionNode).isJson,
  };
  writeOutMerges(document.contents, place);
  writeOutAliases(document, place);
  for (const operation of patch) patchNodes(document.contents, operation, place);
  // Written in block style, an empty list comes to stand below its key, where it cannot be read.
  visit(document, {
    Collection: (_key, node) => {
      if (node.items.length === 0) node.flow = true;
    },
  });
  const style = blockStyleAt(surroundings, root as CollectionNode);
  const options = { indent: style.mapStep, indentSeq: style.listStep > 0, lineWidth: 0, directives: false };
  return document.toString(options).replaceAll('\n', lineBreak);
}

interface Place {
  readonly targets: ReadonlyMap<Alias, ParsedNode>;
  readonly isJson: boolean;
}

function writeOutMerges(root: ParsedNode, place: Place): void {
  visit(root, {
    Map: (_key, map) => {
      const node = map as unknown as MapNode;
      if (!node.items.some(({ key }) => isMergeKey(key))) return undefined;
      const full = exactValueOf(node as ParsedNode, place);
      const own = node.items.filter(({ key }) => !isMergeKey(key));
      const keys = new Set(own.map(({ key }) => keyOf(key, place.targets)));
      const merged = Object.entries(full as ExactObject).filter(([key]) => !keys.has(key));
      node.items = [...own, ...(merged.map(([key, value]) => makePair(key, value, place)) as unknown as typeof own)];
      return undefined;
    },
  });
}

function writeOutAliases(document: Parameters<typeof visit>[0] & object, place: Place): void {
  const values = new Map([...place.targets.keys()].map((alias) => [alias, exactValueOf(alias as ParsedNode, place)]));
  visit(document as Node, { Alias: (_key, alias) => makeNode(values.get(alias) ?? null, place) });
  visit(document as Node, {
    Node: (_key, node) => {
      if ('anchor' in node) delete (node as { anchor?: string }).anchor;
    },
  });
}

function patchNodes(root: ParsedNode, operation: PatchOperation, place: Place): void {
  const path = parsePointer(operation.path);
  const key = path.at(-1);
  let parent: unknown = root;
  for (const step of path.slice(0, -1)) parent = childOf(parent, step, place);
  if (key === undefined) throw new UnusualText();
  const value = operation.op === 'remove' ? undefined : operation.value;
  if (isMap(parent)) patchMap(parent, key, value as ExactValue | undefined, place);
  else if (isSeq(parent)) patchList(parent, key, operation, place);
  else throw new UnusualText();
}

function childOf(parent: unknown, key: string, place: Place): unknown {
  if (isSeq(parent)) return parent.items[Number(key)];
  if (isMap(parent)) return findPair(parent, key, place)?.value;
  throw new UnusualText();
}

function findPair(map: YAMLMap, key: string, { targets }: Place): Pair | undefined {
  return map.items.find((pair) => !isAlias(pair.key) && keyOf(pair.key as ParsedNode, targets) === key);
}

function patchMap(map: YAMLMap, key: string, value: ExactValue | undefined, place: Place): void {
  const pair = findPair(map, key, place);
  if (value === undefined) map.items = map.items.filter((item) => item !== pair);
  else if (pair !== undefined) pair.value = makeNode(value, place);
  else map.items.push(makePair(key, value, place));
}

function patchList(list: YAMLSeq, key: string, operation: PatchOperation, place: Place): void {
  const position = key === '-' ? list.items.length : Number(key);
  const added = operation.op === 'remove' ? [] : [makeNode(operation.value as ExactValue, place)];
  (list as unknown as ListNode).items.splice(position, operation.op === 'add' ? 0 : 1, ...(added as ParsedNode[]));
}

function makePair(key: string, value: ExactValue, place: Place): Pair<Node, Node> {
  return new Pair<Node, Node>(makeScalar(key, place), makeNode(value, place));
}

function makeNode(value: ExactValue, place: Place): Node {
  if (isOneLine(value) && (typeof value !== 'object' || value === null)) return makeScalar(value, place);
  const node = Array.isArray(value) ? new YAMLSeq() : new YAMLMap();
  node.flow = place.isJson;
  const members = isExactObject(value)
    ? Object.entries(value).map(([key, entry]) => makePair(key, entry, place))
    : (value as ExactValue[]).map((item) => makeNode(item, place));
  (node.items as unknown[]).push(...members);
  return node;
}

/** In the schema of text, numbers and words are unquoted strings too. */
function makeScalar(value: ExactValue, { isJson }: Place): Scalar {
  const isText = typeof value === 'string';
  const formatted = formatScalar(value, isJson ? 'json' : 'block');
  const scalar = new Scalar(isText ? value : formatted);
  if (!isText || formatted === value) scalar.type = Scalar.PLAIN;
  else scalar.type = !isJson && formatLiteral(value) !== undefined ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
  return scalar;
}
