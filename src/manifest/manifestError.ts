import { PlainError } from '../core/plainError.ts';

/** A manifest that cannot be read or edited; the message is one line: file, line, column, document, what is wrong. */
export class ManifestError extends PlainError {
  override name = 'ManifestError';
}

/** What is wrong at an offset of a document's own text; whoever knows the file makes a ManifestError of it. */
export class DocumentProblem extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** The error for a problem; the offset counts from the start of the file's text. */
export function manifestErrorAt(
  text: string,
  file: string,
  index: number,
  offset: number,
  message: string,
): ManifestError {
  const [firstLine] = message.split(/[\r\n]/);
  return new ManifestError(`${describePlace(text, file, index, offset)}: ${firstLine}`);
}

/** How the one line begins that people read: file, line, column, document. */
export function describePlace(
  text: string,
  file: string,
  index: number,
  offset: number,
  line = lineOfOffset(text, offset),
): string {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
  const column = text.slice(lineStart, offset).replace(/^\uFEFF/, '').length + 1;
  return `${file}:${line}:${column}: document ${index}`;
}

/** The line of an offset, from 1. */
export function lineOfOffset(text: string, offset: number): number {
  return makeLineCounter(text)(offset);
}

/** Tells the lines of many offsets, each time counting on from the last one. */
export function makeLineCounter(text: string): (offset: number) => number {
  let [line, counted] = [1, 0];
  return (offset) => {
    if (offset < counted) [line, counted] = [1, 0];
    for (let at = text.indexOf('\n', counted); at !== -1 && at < offset; at = text.indexOf('\n', counted)) {
      line += 1;
      counted = at + 1;
    }
    return line;
  };
}
