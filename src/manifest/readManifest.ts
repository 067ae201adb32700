import type { Document, Node, ParsedNode } from 'yaml';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Json } from '../core/json.ts';
import { PlainError } from '../core/plainError.ts';
import { dialect } from './dialect.ts';

/** A manifest that cannot be read; the message is one line: file, line, column, document, what is wrong. */
export class ManifestError extends PlainError {
  override name = 'ManifestError';
}

/** One document of a YAML stream, or of a JSON file. */
export interface ManifestDocument {
  /** From 1; empty documents between two separators count. */
  readonly index: number;
  /** Integers beyond 2^53 are rounded here; an edit of the text leaves them as they are written. */
  readonly value: Json;
  readonly source: ManifestSource;
}

/** Where a document's values stand in the text. */
export interface ManifestSource {
  readonly document: Document.Parsed<ParsedNode, true>;
  readonly lines: LineCounter;
}

/** Deeper than any Kubernetes object, and far from the depth at which recursion ends. */
const deepestNesting = 256;

/** Each use of an anchor counts; a manifest with more is a bomb. */
const mostAliases = 1000;

/**
 * Reads a YAML stream or JSON text as kubectl does. Empty documents are left out.
 *
 * @throws {ManifestError} for what is no YAML, duplicate keys, unknown tags, numbers that JSON cannot say, alias bombs
 * and nesting beyond 256.
 */
export function readManifest(text: string, file: string): readonly ManifestDocument[] {
  const lines = new LineCounter();
  const documents = parse(text, file, lines);
  return documents.flatMap((document, position) => {
    const index = position + 1;
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
      throwFirstError(document, file, index, lines);
      return [];
    }
    throwFirstError(document, file, index, lines);
    return [{ index, value: readValue(document, file, index, lines), source: { document, lines } }];
  });
}

/** The line, from 1, on which a path stands; of the nearest value above it where there is none at the path. */
export function lineOf({ source }: ManifestDocument, path: readonly string[]): number {
  let node: Node | null = source.document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const key of path) {
    const found: { node: Node | null; offset: number } | undefined = childOf(source.document, node, key);
    if (found === undefined) break;
    ({ node, offset } = found);
  }
  return source.lines.linePos(offset).line;
}

function childOf(
  document: Document.Parsed,
  parent: Node | null,
  key: string,
): { node: Node | null; offset: number } | undefined {
  const resolved = isAlias(parent) ? (parent.resolve(document) ?? null) : parent;
  if (isSeq(resolved)) {
    const item = resolved.items[Number(key)];
    return isNodeWithRange(item) ? { node: item, offset: item.range[0] } : undefined;
  }
  if (!isMap(resolved)) return undefined;
  const pair = resolved.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  if (pair === undefined || !isNodeWithRange(pair.key)) return undefined;
  return { node: isNodeWithRange(pair.value) ? pair.value : null, offset: pair.key.range[0] };
}

function isNodeWithRange(value: unknown): value is Node & { range: [number, number, number] } {
  return (
    typeof value === 'object' && value !== null && !isPair(value) && 'range' in value && Array.isArray(value.range)
  );
}

function parse(text: string, file: string, lines: LineCounter): readonly Document.Parsed<ParsedNode, true>[] {
  try {
    const documents = parseAllDocuments(text, { ...dialect, lineCounter: lines });
    return 'empty' in documents ? [] : documents;
  } catch (error) {
    if (error instanceof RangeError) throw new ManifestError(`${file}: is nested too deeply`);
    throw error;
  }
}

function throwFirstError(document: Document.Parsed, file: string, index: number, lines: LineCounter): void {
  const [problem] = [...document.errors, ...document.warnings];
  if (problem === undefined) return;
  const { line, col } = lines.linePos(problem.pos[0]);
  // The parser is recursive, so hostile nesting ends it; no manifest gets there.
  const isTooDeep = problem.message.startsWith('Maximum call stack');
  const message = isTooDeep ? 'is nested too deeply' : problem.message.split('\n')[0];
  throw new ManifestError(`${file}:${line}:${col}: document ${index}: ${message}`);
}

function readValue(document: Document.Parsed, file: string, index: number, lines: LineCounter): Json {
  const fail = (problem: string): never => {
    const { line, col } = lines.linePos(document.contents?.range?.[0] ?? 0);
    throw new ManifestError(`${file}:${line}:${col}: document ${index}: ${problem}`);
  };
  try {
    return toJson(document.toJS({ maxAliasCount: mostAliases }), 0, fail);
  } catch (error) {
    if (error instanceof ReferenceError) {
      return fail(error.message.startsWith('Excessive') ? 'has far too many aliases' : error.message);
    }
    if (error instanceof RangeError) return fail('is nested too deeply');
    throw error;
  }
}

/** JSON has no big integers, no infinities and no objects of other kinds. Changes the fresh value in place. */
function toJson(value: unknown, depth: number, fail: (problem: string) => never): Json {
  if (depth > deepestNesting) return fail(`is nested deeper than ${deepestNesting}`);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return fail(`has a number that JSON cannot say: ${value}`);
  if (Array.isArray(value)) return value.map((entry) => toJson(entry, depth + 1, fail));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => [key, toJson(entry, depth + 1, fail)] as const);
    // Unlike assignment, fromEntries makes an own property of `__proto__` as well.
    return Object.fromEntries(entries);
  }
  return value === undefined ? null : (value as Json);
}
