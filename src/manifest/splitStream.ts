import { DocumentProblem } from './manifestError.ts';

/** Where one document stands in a stream, its separators left out. */
export interface DocumentSpan {
  /** From 1, as people count: a document before the first separator is one only if something is in it. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

const separator = /^---(?=[ \t\r\n]|$)[^\n]*(?:\n|$)/gm;
const documentEnd = /^\.\.\.(?=[ \t\r\n]|$)[^\n]*(?:\n|$)/m;

/**
 * Splits a stream as kubectl does: at lines of `---`, and where JSON objects follow each other.
 *
 * @throws {DocumentProblem} for what kubectl refuses (a document on the line of its separator) or would leave out
 * without a word (what follows `...`).
 */
export function splitStream(text: string): readonly DocumentSpan[] {
  const spans: DocumentSpan[] = [];
  let index = 1;
  const add = (start: number, end: number): void => {
    const parts = splitJson(text, start, cutAtDocumentEnd(text, start, end));
    for (const part of parts) {
      spans.push({ index, ...part });
      index += 1;
    }
  };
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  // A byte order mark hides the first separator from the pattern, which looks at the start of lines.
  const body = text.slice(start);
  const offset = start;
  let isFirst = true;
  for (const match of body.matchAll(separator)) {
    const end = offset + match.index;
    refuseOnSeparatorLine(match[0], end);
    if (!isFirst || !isEmpty(text.slice(start, end))) add(start, end);
    isFirst = false;
    start = end + match[0].length;
  }
  add(start, text.length);
  return spans;
}

/** Nothing but comments, directives and blank lines. */
function isEmpty(text: string): boolean {
  return text.split('\n').every((line) => /^(?:[ \t\r]*(?:#|$)|%)/.test(line));
}

function refuseOnSeparatorLine(line: string, offset: number): void {
  const rest = line.slice(3).trim();
  if (rest !== '' && !rest.startsWith('#')) {
    throw new DocumentProblem(offset, 'nothing but a comment may follow "---" on its line');
  }
}

function cutAtDocumentEnd(text: string, start: number, end: number): number {
  const match = documentEnd.exec(text.slice(start, end));
  if (match === null) return end;
  const after = start + match.index + match[0].length;
  if (!isEmpty(text.slice(after, end))) {
    throw new DocumentProblem(after, 'after "..." the next document needs a "---"');
  }
  return start + match.index;
}

/** `{…}{…}`: objects one after the other, as a JSON decoder takes them. Anything else is one part. */
function splitJson(text: string, start: number, end: number): readonly { start: number; end: number }[] {
  const whole = [{ start, end }];
  const parts: { start: number; end: number }[] = [];
  let at = start;
  while (at < end) {
    const open = skipSpace(text, at, end);
    if (open === end) break;
    if (text[open] !== '{') return whole;
    const close = endOfObject(text, open, end);
    if (close === undefined) return whole;
    parts.push({ start: open, end: close });
    at = close;
  }
  return parts.length > 1 && parts.every((part) => isJson(text.slice(part.start, part.end))) ? parts : whole;
}

function skipSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && /\s/.test(text[at] ?? '')) at += 1;
  return at;
}

function endOfObject(text: string, open: number, end: number): number | undefined {
  const token = /"(?:[^"\\]|\\.)*"|[{}]/gs;
  token.lastIndex = open;
  let depth = 0;
  for (let match = token.exec(text); match !== null && match.index < end; match = token.exec(text)) {
    if (match[0] === '{') depth += 1;
    else if (match[0] === '}') depth -= 1;
    if (depth === 0) return match.index + 1;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
