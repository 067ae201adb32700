import type { Document, Node, YAMLMap } from 'yaml';
import { isCollection, isMap, isScalar, isSeq, visit } from 'yaml';
import type { PatchOperation } from '../core/patch.ts';
import { parsePointer } from './pointer.ts';
import type { DocumentEdit, Splice } from './splice.ts';
import { detectStyle } from './style.ts';

/**
 * Writes a document anew from its nodes, patched: comments stay, spacing may change, and what anchors share is written
 * out, since a change at one place is not meant for the others.
 */
export function rewriteDocument(text: string, { document, patch }: DocumentEdit): readonly Splice[] {
  const { contents } = document.source.document;
  if (contents === null) return [];
  const style = detectStyle(text, contents);
  const copy = document.source.document.clone() as Document;
  writeOutAliases(copy);
  for (const operation of patch) applyOperation(copy, operation);
  // The comments around the document stay where they are in the text.
  copy.commentBefore = null;
  copy.comment = null;
  for (const node of [copy.contents, firstKey(copy.contents)]) if (node !== null) node.commentBefore = null;
  if (copy.contents !== null) copy.contents.comment = null;
  const options = { indent: style.indent, indentSeq: style.indentsLists, lineWidth: 0, directives: null };
  const written = copy.toString(options).trimEnd();
  const end = text.slice(0, contents.range[1]).trimEnd().length;
  return [{ start: contents.range[0], end, text: written.replaceAll('\n', style.lineEnd), depth: 0 }];
}

function firstKey(contents: Node | null): Node | null {
  return isMap<Node>(contents) ? (contents.items[0]?.key ?? null) : null;
}

function applyOperation(document: Document, operation: PatchOperation): void {
  const path = parsePointer(operation.path);
  const key = path.at(-1) ?? '';
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isCollection(parent)) return;
  const position = isMap(parent) ? key : Number(key);
  if (operation.op === 'remove') parent.delete(position);
  else if (key === '-' && isSeq(parent)) parent.add(document.createNode(operation.value));
  else parent.set(position, document.createNode(operation.value));
}

function writeOutAliases(document: Document): void {
  visit(document, { Alias: (_key, alias) => alias.resolve(document)?.clone() as Node | undefined });
  visit(document, {
    Node: (_key, node) => {
      if ('anchor' in node) delete (node as { anchor?: string }).anchor;
      if (isMap<Node, Node>(node)) writeOutMerges(node);
    },
  });
}

function writeOutMerges(map: YAMLMap<Node, Node>): void {
  const merges = map.items.filter(({ key }) => isScalar(key) && isMergeKey(key.value));
  for (const merge of merges) {
    map.items.splice(map.items.indexOf(merge), 1);
    const sources = isSeq<Node>(merge.value) ? merge.value.items : [merge.value];
    const pairs = sources.flatMap((source) => (isMap<Node, Node>(source) ? source.items : []));
    for (const pair of pairs) if (!map.has(pair.key)) map.items.push(pair);
  }
}

function isMergeKey(value: unknown): boolean {
  return value === '<<' || (typeof value === 'symbol' && value.description === '<<');
}
