import type { Node } from 'yaml';
import { Document, isMap, isScalar, isSeq } from 'yaml';
import type { Json } from '../core/json.ts';
import { dialect } from './dialect.ts';

/** How a document is written, so that what is added looks like the rest. */
export interface TextStyle {
  /** `\n`, or `\r\n` where the text has that. */
  readonly lineEnd: string;
  /** Spaces a level. */
  readonly indent: number;
  /** Whether the dashes of a list stand further in than the key above them. */
  readonly indentsLists: boolean;
  /** A JSON document: quoted keys, braces, no block style. */
  readonly isJson: boolean;
}

/** Reads a document's style off its first nested map and its first list. */
export function detectStyle(text: string, contents: Node | null): TextStyle {
  const found: Found = { indent: undefined, indentsLists: undefined };
  const isJson = isMap(contents) && contents.flow === true;
  if (isJson) found.indent = /^\{\r?\n( +)/.exec(text.slice(contents.range?.[0] ?? 0))?.[1]?.length;
  else look(text, contents, found);
  return {
    lineEnd: text.includes('\r\n') ? '\r\n' : '\n',
    indent: found.indent ?? 2,
    indentsLists: found.indentsLists ?? false,
    isJson,
  };
}

interface Found {
  indent: number | undefined;
  indentsLists: boolean | undefined;
}

function look(text: string, node: Node | null, found: Found): void {
  if (found.indent !== undefined && found.indentsLists !== undefined) return;
  if (isSeq<Node>(node)) for (const item of node.items) look(text, item, found);
  if (!isMap<Node, Node | null>(node) || node.flow === true) return;
  for (const { key, value } of node.items) {
    measure(text, columnOf(text, key.range?.[0] ?? 0), value, found);
    look(text, value, found);
  }
}

function measure(text: string, outer: number, value: Node | null, found: Found): void {
  if (isMap<Node>(value) && value.flow !== true) {
    found.indent ??= columnOf(text, value.items[0]?.key.range?.[0] ?? 0) - outer;
  }
  if (isSeq(value) && value.flow !== true) found.indentsLists ??= columnOf(text, value.range?.[0] ?? 0) > outer;
}

/** The lines of a value in block style, without any indentation of the whole. */
export function formatLines(value: Json, { indent, indentsLists }: TextStyle): readonly string[] {
  const text = new Document(value, dialect).toString({ indent, indentSeq: indentsLists, lineWidth: 0 });
  return text.trimEnd().split('\n');
}

/** A value on one line, as a flow map or a flow list has it. */
export function formatInline(value: Json, { isJson }: TextStyle): string {
  if (isJson) return JSON.stringify(value);
  const document = new Document(value, dialect);
  if (!isScalar(document.contents)) (document.contents as unknown as { flow: boolean }).flow = true;
  return document.toString({ lineWidth: 0 }).trimEnd();
}

/** How many characters stand before a position on its line. */
export function columnOf(text: string, position: number): number {
  return position - (text.lastIndexOf('\n', position - 1) + 1);
}

/** The end of the line that a position is on, its line break left out. */
export function endOfLine(text: string, position: number): number {
  const newline = text.indexOf('\n', position);
  const end = newline === -1 ? text.length : newline;
  return text[end - 1] === '\r' ? end - 1 : end;
}
