import type { IncomingMessage, ServerResponse } from 'node:http';
import { ReviewError } from '../admission/review.ts';
import { HttpError } from './httpError.ts';
import type { Traffic } from './traffic.ts';

/** What a request that failed is answered with. */
export interface Failure {
  readonly status: number;
  /** One line. */
  readonly message: string;
}

/** How long a client that sends too much may go on before it is cut off. */
const millisecondsToLinger = 5000;

/** Answers with JSON; while the server shuts down, it is the connection's last answer. */
export function sendJson(response: ServerResponse, status: number, json: string, traffic: Traffic): void {
  response.writeHead(status, headersOf(json, !traffic.isOpen));
  response.end(json);
}

/** Answers with a failure. */
export function sendFailure(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message }: Failure,
  traffic: Traffic,
): void {
  const json = JSON.stringify({ error: message });
  if (status === 413) sendAndLinger(request, response, status, json);
  else sendJson(response, status, json, traffic);
}

/** What a client may know of an error: its own mistakes in full, of our faults nothing. */
export function toFailure(error: unknown): Failure {
  if (error instanceof HttpError) return error;
  if (error instanceof ReviewError) return { status: 400, message: error.message };
  // Express refuses a path that is no UTF-8 with an error of its own.
  if (error instanceof URIError) return { status: 400, message: 'the path is not UTF-8' };
  return { status: 500, message: 'a fault in kube-harden; its log says more' };
}

/**
 * Sends the whole answer at once, but hangs up only when the client has sent all that it has, or after a while: to close
 * a connection on bytes that nobody has read resets it, and the client would never learn why.
 */
function sendAndLinger(request: IncomingMessage, response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, headersOf(json, true));
  response.write(json);
  const timer = setTimeout(() => response.end(), millisecondsToLinger);
  request.once('end', () => response.end());
  response.once('close', () => clearTimeout(timer));
  request.resume();
}

function headersOf(json: string, isLast: boolean): Record<string, string | number> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) };
  return isLast ? { ...headers, Connection: 'close' } : headers;
}
