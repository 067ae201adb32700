import type { ParsedNode } from 'yaml';
import { isCollection, isMap, isScalar, isSeq } from 'yaml';
import type { BlockStyle } from './formatBlock.ts';
import type { FlowStyle } from './formatFlow.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { childNodes } from './parseDocument.ts';
import type { CollectionNode, ListNode, MapNode } from './textLayout.ts';
import {
  afterColon,
  blockColumn,
  columnOf,
  isEmptyScalar,
  isFlow,
  marginOf,
  matchAt,
  UnusualText,
} from './textLayout.ts';

/** A document's own text and its nodes, each with the one around it. */
export interface Surroundings {
  readonly text: string;
  readonly lineBreak: string;
  readonly root: ParsedNode;
  readonly document: ParsedDocument;
  readonly parents: ReadonlyMap<ParsedNode, CollectionNode>;
  /** What the first place of the document that shows it says, each looked for once at most. */
  readonly anywhere: {
    readonly mapStep: () => number | undefined;
    readonly listStep: () => number | undefined;
    readonly listPadding: () => string | undefined;
  };
}

export function findSurroundings(
  text: string,
  lineBreak: string,
  document: ParsedDocument & { readonly root: ParsedNode },
): Surroundings {
  const { root } = document;
  const parents = new Map<ParsedNode, CollectionNode>();
  const visit = (node: ParsedNode): void => {
    for (const child of childNodes(node)) {
      parents.set(child, node as CollectionNode);
      if (isCollection(child)) visit(child);
    }
  };
  visit(root);
  const anywhere = {
    mapStep: once(() => search(root, (candidate) => stepBelow(text, candidate, 'map'))),
    listStep: once(() => search(root, (candidate) => stepBelow(text, candidate, 'list'))),
    listPadding: once(() => search(root, (candidate) => listPaddingOf(text, candidate))),
  };
  return { text, lineBreak, root, document, parents, anywhere };
}

function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/** A node and those around it, from the inside out. */
function withAncestors(surroundings: Surroundings, node: CollectionNode): readonly CollectionNode[] {
  const nodes: CollectionNode[] = [];
  for (let at: CollectionNode | undefined = node; at !== undefined; at = surroundings.parents.get(at as ParsedNode)) {
    nodes.push(at);
  }
  return nodes;
}

/** The first answer that the nodes around a place give, from the inside out. */
function nearest<T>(
  surroundings: Surroundings,
  node: CollectionNode,
  measure: (candidate: CollectionNode) => T | undefined,
): T | undefined {
  for (const candidate of withAncestors(surroundings, node)) {
    const found = measureIfUsual(candidate, measure);
    if (found !== undefined) return found;
  }
  return undefined;
}

function search<T>(node: ParsedNode, measure: (candidate: CollectionNode) => T | undefined): T | undefined {
  if (!isCollection(node)) return undefined;
  const found = measureIfUsual(node as CollectionNode, measure);
  if (found !== undefined) return found;
  for (const child of childNodes(node)) {
    const below = search(child, measure);
    if (below !== undefined) return below;
  }
  return undefined;
}

function measureIfUsual<T>(
  candidate: CollectionNode,
  measure: (candidate: CollectionNode) => T | undefined,
): T | undefined {
  try {
    return measure(candidate);
  } catch (error) {
    if (error instanceof UnusualText) return undefined;
    throw error;
  }
}

/** How block style is indented around a node; two spaces and dashes below their key's first letter by default. */
export function blockStyleAt(surroundings: Surroundings, node: CollectionNode): BlockStyle {
  const { text, anywhere } = surroundings;
  const near = (kind: 'map' | 'list'): number | undefined =>
    nearest(surroundings, node, (candidate) => stepBelow(text, candidate, kind));
  return {
    mapStep: near('map') ?? anywhere.mapStep() ?? 2,
    listStep: near('list') ?? anywhere.listStep() ?? 0,
    dashStep: isSeq(node) ? (dashStep(surroundings, node as ListNode) ?? 2) : 2,
  };
}

function stepBelow(text: string, node: CollectionNode, kind: 'map' | 'list'): number | undefined {
  if (!isMap(node) || isFlow(node)) return undefined;
  for (const { value } of (node as MapNode).items) {
    const isOfKind = kind === 'map' ? isMap(value) : isSeq(value);
    if (!isOfKind || isFlow(value as CollectionNode)) continue;
    const step = blockColumn(text, value as CollectionNode) - blockColumn(text, node);
    if (step > 0 || kind === 'list') return Math.max(step, 0);
  }
  return undefined;
}

function dashStep({ text }: Surroundings, node: ListNode): number | undefined {
  const [first] = node.items;
  if (isFlow(node) || !isMap(first) || isFlow(first as CollectionNode)) return undefined;
  const dash = node.range[0];
  if (text.slice(dash, first.range[0]).includes('\n')) return undefined;
  return columnOf(text, first.range[0]) - columnOf(text, dash);
}

/** How braces and brackets are written around a node in flow style, with the entries of that node as the level. */
export function flowStyleAt(surroundings: Surroundings, node: CollectionNode): FlowStyle {
  const around = withAncestors(surroundings, node).filter(isFlow);
  const firstOf = <T>(measure: (candidate: CollectionNode) => T | undefined): T | undefined => {
    for (const candidate of around) {
      const found = measureIfUsual(candidate, measure);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const isRootFlow = isFlow(surroundings.root as CollectionNode);
  const padding = firstOf((candidate) => paddingOf(surroundings.text, candidate)) ?? '';
  return {
    isJson: firstOf(hasQuotes) ?? isRootFlow,
    isTight: firstOf((candidate) => isTight(surroundings.text, candidate)) ?? false,
    padding,
    listPadding:
      nearest(surroundings, node, (candidate) => listPaddingOf(surroundings.text, candidate)) ??
      surroundings.anywhere.listPadding() ??
      padding,
    lines: linesAt(surroundings, node, around),
  };
}

function hasQuotes(node: CollectionNode): boolean | undefined {
  const first = isMap(node) ? (node as MapNode).items[0]?.key : (node as ListNode).items[0];
  if (!isScalar(first)) return undefined;
  if (isMap(node)) return first.type === 'QUOTE_DOUBLE';
  return first.type === 'QUOTE_DOUBLE' ? true : undefined;
}

function isTight(text: string, node: CollectionNode): boolean | undefined {
  if (isMap(node)) {
    const pair = (node as MapNode).items.find(({ value }) => value !== null && !isEmptyScalar(value));
    return pair === undefined ? undefined : /\S/.test(text[afterColon(text, pair.key)] ?? ' ');
  }
  const [first, second] = (node as ListNode).items;
  if (first === undefined || second === undefined) return undefined;
  return text[first.range[1]] === ',' && second.range[0] === first.range[1] + 1;
}

function paddingOf(text: string, node: CollectionNode): string | undefined {
  if (!isMap(node) || node.items.length === 0) return undefined;
  return matchAt(/\{( *)\S/y, text, node.range[0])?.[1];
}

function listPaddingOf(text: string, node: CollectionNode): string | undefined {
  if (isMap(node) || !isFlow(node) || node.items.length === 0) return undefined;
  return matchAt(/\[( *)\S/y, text, node.range[0])?.[1];
}

/** Where entries have lines of their own, in this node or, if it is empty, in the nearest one around it. */
function linesAt(
  { text, lineBreak }: Surroundings,
  node: CollectionNode,
  around: readonly CollectionNode[],
): FlowStyle['lines'] {
  const measured = around.find(({ items }) => items.length > 0);
  const [first] = measured === undefined ? [] : childNodes(measured as ParsedNode);
  if (measured === undefined || first === undefined) return undefined;
  const opened = measured.range[0];
  if (!text.slice(opened, first.range[0]).includes('\n')) return undefined;
  const outer = marginOf(text, opened);
  const inner = marginOf(text, first.range[0]);
  const step = inner.startsWith(outer) && inner !== outer ? inner.slice(outer.length) : '  ';
  return { margin: node === measured ? inner : marginOf(text, node.range[0]) + step, step, lineBreak };
}
