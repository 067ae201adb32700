import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from './status.ts';
import { describeFailure } from './status.ts';
import type { Traffic } from './traffic.ts';

/** How long a client that sends too much may go on before it is cut off. */
const millisecondsToLinger = 2000;

/** How long an answer may wait for its reader: the API server reads at once. */
const millisecondsToRead = 5000;

/** Larger answers go out piece by piece, each once the one before is gone: to encrypt them at once would hold up others. */
const mostBytesAtOnce = 128 * 1024;

/** Answers with JSON; while the server shuts down, it is the connection's last answer. */
export function sendJson(
  response: ServerResponse,
  status: number,
  json: string | Uint8Array,
  { isOpen }: Traffic,
): void {
  response.writeHead(status, headersOf(json, !isOpen));
  if (typeof json === 'string' || json.length <= mostBytesAtOnce) response.end(json);
  else sendInPieces(response, json);
}

/** Cuts a connection off whose client does not take an answer within some seconds. */
export function awaitReader(response: ServerResponse, milliseconds = millisecondsToRead): void {
  const timer = setTimeout(() => response.destroy(), milliseconds);
  response.once('close', () => clearTimeout(timer));
}

/** Answers with a failure. */
export function sendFailure(
  request: IncomingMessage,
  response: ServerResponse,
  failure: Failure,
  traffic: Traffic,
): void {
  const json = describeFailure(failure);
  awaitReader(response);
  if (request.complete) sendJson(response, failure.status, json, traffic);
  else sendAndHangUp(request, response, failure.status, json);
}

function sendInPieces(response: ServerResponse, json: Uint8Array): void {
  let sent = 0;
  const sendNext = (): void => {
    const piece = json.subarray(sent, sent + mostBytesAtOnce);
    sent += piece.length;
    if (sent >= json.length) response.end(piece);
    else response.write(piece, () => sendNext());
  };
  sendNext();
}

/**
 * Sends the whole answer at once, but hangs up only when the client has sent all that it has, or after a while: to close
 * a connection on bytes that nobody has read resets it, and the client would never learn why.
 */
function sendAndHangUp(request: IncomingMessage, response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, headersOf(json, true));
  response.write(json);
  // Whoever was too slow has had its time.
  const timer = setTimeout(() => response.end(), status === 408 ? 0 : millisecondsToLinger);
  request.once('end', () => response.end());
  response.once('close', () => clearTimeout(timer));
  request.resume();
}

function headersOf(json: string | Uint8Array, isLast: boolean): Record<string, string | number> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) };
  return isLast ? { ...headers, Connection: 'close' } : headers;
}
