import type { Server } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'winston';
import type { Failure } from './status.ts';
import { describeFailure } from './status.ts';

/** How long such an answer may wait for its reader. */
const millisecondsToRead = 2000;

/** Answers what is no HTTP, or comes too slowly, in the same form as all else, and hangs up. */
export function answerClientErrors(server: Server, logger: Logger): void {
  server.on('clientError', (error: Error & { readonly code?: string }, socket: Duplex) => {
    logger.debug('bad request', { error: error.message, code: error.code });
    // The others are TLS's, or the connection's: there is nobody to answer.
    if (!isHttp(error.code) || !socket.writable) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), millisecondsToRead);
    socket.once('close', () => clearTimeout(timer));
    socket.end(writeAnswer(failureOf(error.code)), () => socket.destroy());
  });
}

function isHttp(code = ''): boolean {
  return code.startsWith('HPE_') || code.startsWith('ERR_HTTP_');
}

/** Source: nodejs.org, errors of `http.Server`'s event `clientError`. */
function failureOf(code: string | undefined): Failure {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, message: 'the request did not come in time' };
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, message: 'the headers are too large' };
  return { status: 400, message: 'the request is no HTTP' };
}

function writeAnswer(failure: Failure): string {
  const json = describeFailure(failure);
  return [
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    'Connection: close',
    '',
    json,
  ].join('\r\n');
}
