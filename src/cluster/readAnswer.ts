import type { Readable } from 'node:stream';
import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

/** An answer that is longer than whoever asked for it wanted to read. */
export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}

/** Reads an answer that is one JSON object. @throws {AnswerTooLong} */
export async function readObject(stream: Readable, mostBytes = Number.POSITIVE_INFINITY): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop ends the stream, and the rest is never read.
    if (bytes > mostBytes) throw new AnswerTooLong(`the answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return parseObject(Buffer.concat(chunks).toString('utf8'));
}

/** Reads a stream of JSON objects, one a line; each chunk of it is looked at once, however long a line gets. */
export async function readLines(stream: Readable, onObject: (object: JsonObject) => void): Promise<void> {
  let begun: string[] = [];
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      begun.push(chunk.slice(start, end));
      const line = begun.join('');
      begun = [];
      start = end + 1;
      onObject(parseObject(line));
    }
    if (start < chunk.length) begun.push(chunk.slice(start));
  }
}

/** @throws where it is anything else. */
export function parseObject(text: string): JsonObject {
  const value = JSON.parse(text) as Json;
  if (isJsonObject(value)) return value;
  throw new Error(`the API server answered ${text.slice(0, 100)}`);
}
