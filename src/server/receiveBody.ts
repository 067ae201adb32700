import type { IncomingMessage } from 'node:http';
import type { ByteBudget, Holding } from './byteBudget.ts';
import { HttpError } from './httpError.ts';

const mebibyte = 1024 * 1024;

/** Source: k8s.io/apiserver pkg/server/config.go, `MaxRequestBodyBytes`; an object of etcd's is half as large at most. */
const mostObjectBytes = 3 * mebibyte;

/** The user's name, groups and extras come from headers: Go's net/http, `DefaultMaxHeaderBytes`. */
const mostUserBytes = mebibyte;

/** Go's encoding/json writes `<`, a control character and a byte that is no UTF-8 as `\u003c`, `\u0001`, `\ufffd`. */
const mostBytesForOne = 6;

/** All that an API server can send of an object that it can store: the object, the old one, and who sent it. */
const mostBodyBytes = mostBytesForOne * (mostObjectBytes + mostObjectBytes + mostUserBytes);

/**
 * Larger bodies are large: they are counted, queued and answered apart, so that the small ones never wait for them. Of
 * so many bytes the worst, two thousand containers, take some 20 ms; nearly no pod has as many, and to go through a
 * thread would cost it some tenths of a millisecond.
 */
export const mostSmallBytes = 64 * 1024;

/** Room for the bodies of small reviews that are on their way: as much as comes with as many connections as there may be. */
const mostSmallBytesAtATime = 16 * mebibyte;

/** Room for the largest body and then some; the container's memory limit leaves room for what becomes of it. */
const mostLargeBytesAtATime = 64 * mebibyte;

/** An API server sends headers and body in one go, and gives up after some seconds itself. */
const millisecondsToArrive = 2000;

/** What the bodies under way may hold: small ones and large ones apart, so that neither can use up the other's. */
export interface BodyBudgets {
  readonly small: ByteBudget;
  readonly large: ByteBudget;
}

export interface BodyLimits {
  readonly bytes: number;
  readonly small: number;
  readonly large: number;
  readonly milliseconds: number;
}

export const bodyLimits: BodyLimits = {
  bytes: mostBodyBytes,
  small: mostSmallBytesAtATime,
  large: mostLargeBytesAtATime,
  milliseconds: millisecondsToArrive,
};

/** A body that is there in whole. */
export interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What a large body goes on to hold of the budget, until it is released; `undefined` for small ones. */
  readonly holding: Holding | undefined;
}

/**
 * Receives a request's body, once and in whole.
 *
 * @throws {HttpError} 413 where it is larger than any API server's; 408 where it is not there in time; 503 where others
 * need its room; 400 where the client goes away.
 */
export function receiveBody(request: IncomingMessage, budgets: BodyBudgets, limits: BodyLimits): Promise<Body> {
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if (declared > limits.bytes) return Promise.reject(tooLarge(limits));
  return new Promise((resolve, reject) => {
    const gathered = gather(declared);
    let isOver = false;
    const over = (): void => {
      isOver = true;
      clearTimeout(timer);
      budgets.small.release(holding);
    };
    const refuse = (error: Error): void => {
      if (isOver) return;
      over();
      budgets.large.release(holding);
      gathered.clear();
      reject(error);
    };
    const holding: Holding = {
      owner: request.socket?.remoteAddress ?? '',
      group: '',
      isIncomplete: true,
      drop: () => refuse(new HttpError(503, 'too many bytes at a time')),
    };
    const timer = setTimeout(() => refuse(tooLate(limits)), limits.milliseconds);
    // Events, since an async iterator costs some ten microseconds a request.
    request.on('data', (chunk: Buffer) => {
      if (isOver) return;
      if (gathered.length() + chunk.length > limits.bytes) {
        refuse(tooLarge(limits));
        return;
      }
      const bytes = gathered.add(chunk);
      if (bytes <= mostSmallBytes) {
        budgets.small.take(holding, bytes);
      } else {
        budgets.small.release(holding);
        budgets.large.take(holding, bytes);
      }
    });
    request.on('end', () => {
      if (isOver) return;
      over();
      const bytes = gathered.bytes();
      holding.isIncomplete = false;
      holding.drop = undefined;
      const isLarge = bytes.length > mostSmallBytes;
      if (!isLarge) budgets.large.release(holding);
      resolve({ bytes, holding: isLarge ? holding : undefined });
    });
    const endTooEarly = (): void => refuse(new HttpError(400, 'the body ended too early'));
    request.on('error', endTooEarly);
    request.on('close', () => {
      // Every request is closed in the end; an error for each would cost as much as its pod.
      if (!request.complete) endTooEarly();
    });
  });
}

/** The pieces of a body put together as they come: whoever sends a byte at a time must not hold a buffer for each. */
interface Gathered {
  /** The bytes of memory that it takes now. */
  readonly add: (chunk: Buffer) => number;
  readonly length: () => number;
  readonly bytes: () => Uint8Array<ArrayBuffer>;
  readonly clear: () => void;
}

/** @param declared how many bytes are to come; NaN where nobody knows. */
function gather(declared: number): Gathered {
  let memory: Buffer = Buffer.alloc(0);
  let length = 0;
  return {
    add: (chunk) => {
      const needed = length + chunk.length;
      if (length === 0 && needed <= mostSmallBytes) {
        // Nearly every review comes in one piece. Of a large body the memory is its own, since it moves on to a thread.
        memory = chunk;
      } else {
        if (needed > memory.length) memory = enlarge(memory, length, needed, declared);
        chunk.copy(memory, length);
      }
      length = needed;
      return memory.length;
    },
    length: () => length,
    bytes: () => memory.subarray(0, length) as Uint8Array<ArrayBuffer>,
    clear: () => {
      memory = Buffer.alloc(0);
    },
  };
}

/** Twice as large, since a copy for each piece would cost the square of their number; never larger than what is to come. */
function enlarge(memory: Buffer, length: number, needed: number, declared: number): Buffer {
  const doubled = Math.max(needed, 2 * memory.length);
  const larger = Buffer.allocUnsafeSlow(declared >= needed ? Math.min(doubled, declared) : doubled);
  memory.copy(larger, 0, 0, length);
  return larger;
}

function tooLarge({ bytes }: BodyLimits): HttpError {
  return new HttpError(413, `the body is larger than ${bytes} bytes`);
}

function tooLate({ milliseconds }: BodyLimits): HttpError {
  return new HttpError(408, `the body was not there within ${milliseconds / 1000} seconds`);
}
