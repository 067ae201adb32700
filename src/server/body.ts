import { isAscii, isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Json } from '../core/json/json.ts';
import { isTextNestedDeeper, isValueNestedDeeper } from './depth.ts';
import { HttpError } from './httpError.ts';
import type { Traffic } from './traffic.ts';

/** An object has at most 3 MiB, a review two of them, and JSON is wordier than what etcd stores. */
const mostBytes = 8 * 1024 * 1024;

/** All the bodies that are being received at a time: hundreds of the largest would not fit into a small container. */
const mostBytesAtATime = 8 * mostBytes;

/** No object of Kubernetes comes near; what is deeper was made to hurt. */
const deepestNesting = 64;

/** So many bytes parse in 50 ms even if they are nothing but brackets; nearly every pod is smaller. */
const mostBytesParsedUnseen = 256 * 1024;

/**
 * Reads a request's JSON body, once and in whole.
 *
 * @throws {HttpError} 413 over 8 MiB; 400 for what is no UTF-8, no JSON or nested deeper than 64; 503 where the bodies
 * of all requests together are over 64 MiB.
 */
export async function readJson(request: IncomingMessage, traffic: Traffic): Promise<Json> {
  const body = await readBytes(request, traffic);
  if (!isUtf8(body)) throw new HttpError(400, 'the body is not UTF-8');
  // Nearly every review is ASCII, which takes a byte a character to hold and half the time to read.
  const text = body.toString(isAscii(body) ? 'latin1' : 'utf8');
  if (text.length > mostBytesParsedUnseen && isTextNestedDeeper(text, deepestNesting)) throw tooDeep();
  const value = parse(text);
  if (text.length <= mostBytesParsedUnseen && isValueNestedDeeper(value, deepestNesting)) throw tooDeep();
  return value;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}

function readBytes(request: IncomingMessage, traffic: Traffic): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    let isRefused = false;
    const release = (): void => {
      traffic.bytes -= bytes;
      bytes = 0;
      chunks = [];
    };
    const refuse = (error: Error): void => {
      isRefused = true;
      release();
      reject(error);
    };
    // Events, since an async iterator costs some ten microseconds a request.
    request.on('data', (chunk: Buffer) => {
      if (isRefused) return;
      bytes += chunk.length;
      traffic.bytes += chunk.length;
      if (bytes > mostBytes) refuse(tooLarge());
      else if (traffic.bytes > mostBytesAtATime) refuse(new HttpError(503, 'too many bytes at a time'));
      else chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
      release();
    });
    const endTooEarly = (): void => refuse(new HttpError(400, 'the body ended too early'));
    request.on('error', endTooEarly);
    request.on('close', () => {
      // Every request is closed in the end; an error for each would cost as much as its pod.
      if (!request.complete) endTooEarly();
    });
  });
}

function tooLarge(): HttpError {
  return new HttpError(413, `the body is larger than ${mostBytes} bytes`);
}

function tooDeep(): HttpError {
  return new HttpError(400, `the body is nested deeper than ${deepestNesting}`);
}
