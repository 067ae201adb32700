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
  return new ManifestError(describePlace(text, file, index, offset, message));
}

/** The one line that people read: file, line, column, document, message. */
export function describePlace(text: string, file: string, index: number, offset: number, message: string): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const column = before.slice(lineStart).replace(/^\uFEFF/, '').length + 1;
  const [firstLine] = message.split(/[\r\n]/);
  return `${file}:${lineOfOffset(text, offset)}:${column}: document ${index}: ${firstLine}`;
}

/** The line of an offset, from 1. */
export function lineOfOffset(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
