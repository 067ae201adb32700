import type { ParsedNode } from 'yaml';
import { isAlias, isMap, isSeq } from 'yaml';
import type { Json } from '../core/json/json.ts';
import { DocumentProblem, lineOfOffset, ManifestError, manifestErrorAt } from './manifestError.ts';
import { exactValueOf, isMergeKey, keyOf, roundIntegers } from './nodeValue.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { parseDocument } from './parseDocument.ts';
import type { DocumentSpan } from './splitStream.ts';
import { splitStream } from './splitStream.ts';

export { ManifestError };

/** One document of a YAML stream, or of a JSON file. */
export interface ManifestDocument {
  /** From 1; empty documents between two separators count. */
  readonly index: number;
  /** Integers beyond 2^53 are rounded here; an edit of the text leaves them as they are written. */
  readonly value: Json;
  readonly source: ManifestSource;
}

/** Where a document's values stand in the text that it was read from. */
export interface ManifestSource {
  readonly file: string;
  /** The whole text; the document's own stands from `start` to `end`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly parsed: ParsedDocument & { readonly root: ParsedNode };
}

/**
 * Reads a YAML stream or JSON text as kubectl does. Empty documents, and those that say null, are left out.
 *
 * @param file what errors call the text.
 * @throws {ManifestError} for what is no YAML, duplicate keys, unknown tags, numbers that JSON cannot say, alias bombs
 * and nesting beyond 256.
 */
export function readManifest(text: string, file: string): readonly ManifestDocument[] {
  const documents: ManifestDocument[] = [];
  for (const span of split(text, file)) {
    const document = readDocument(text, file, span);
    if (document !== undefined) documents.push(document);
  }
  return documents;
}

function split(text: string, file: string): readonly DocumentSpan[] {
  try {
    return splitStream(text);
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error;
    const before = text.slice(0, error.offset).match(/^---/gm)?.length ?? 0;
    throw manifestErrorAt(text, file, before + 1, error.offset, error.message);
  }
}

/**
 * Reads one document of a text; `undefined` for an empty one.
 *
 * @throws {ManifestError} as readManifest does.
 */
function readDocument(text: string, file: string, span: DocumentSpan): ManifestDocument | undefined {
  const { index, start, end } = span;
  try {
    const { root, targets } = parseDocument(text.slice(start, end));
    if (root === undefined) return undefined;
    const value = roundIntegers(exactValueOf(root, { targets }));
    return value === null ? undefined : { index, value, source: { file, text, start, end, parsed: { root, targets } } };
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error;
    throw manifestErrorAt(text, file, index, start + error.offset, error.message);
  }
}

/** The line, from 1, on which a path stands; of the nearest value above it where there is none at the path. */
export function lineOf({ source }: ManifestDocument, path: readonly string[]): number {
  let place: Place = { node: source.parsed.root, offset: source.parsed.root.range[0] };
  for (const key of path) {
    const next = childOf(source.parsed, place.node, key);
    if (next === undefined) break;
    place = next;
  }
  return lineOfOffset(source.text, source.start + place.offset);
}

interface Place {
  readonly node: ParsedNode | null;
  readonly offset: number;
}

function childOf(parsed: ParsedDocument, parent: ParsedNode | null, key: string): Place | undefined {
  const node = isAlias(parent) ? parsed.targets.get(parent) : parent;
  if (isSeq<ParsedNode>(node)) {
    const item = /^[0-9]+$/.test(key) ? node.items[Number(key)] : undefined;
    return item && { node: item, offset: item.range[0] };
  }
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return undefined;
  const own = node.items.find((pair) => !isMergeKey(pair.key) && keyOf(pair.key, parsed.targets) === key);
  if (own !== undefined) return { node: own.value, offset: own.key.range[0] };
  const merged = node.items.filter((pair) => isMergeKey(pair.key)).flatMap(({ value }) => mergeSources(value));
  for (const source of merged) {
    const found = childOf(parsed, source, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mergeSources(value: ParsedNode | null): readonly ParsedNode[] {
  if (value === null) return [];
  return isSeq<ParsedNode>(value) ? value.items : [value];
}
