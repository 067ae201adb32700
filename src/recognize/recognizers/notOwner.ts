/**
 * not-owner: the user that the container runs as may not write, or read, what belongs to another one.
 *
 * Source: EACCES, errno(3), number 13; what C, Go, Java, Node, Python, Ruby and Erlang make of it.
 */
import { hasAny } from '../line.ts';
import { directoryIn, errorAt } from '../paths.ts';
import type { Recognizer } from '../recognizer.ts';

const words = [
  'permission denied',
  'permissiondenied',
  'eacces',
  'accessdenied',
  'os error 13',
  'errno 13',
  'is not writable',
  'not writable by',
  'read-only directory',
  'wrong ownership',
  'wrong volume permissions',
];

/** Who is refused by a database, a web server or an API is not refused by the file system. */
const elsewhere = [
  'for user',
  'for table',
  'for relation',
  'for schema',
  'for database',
  'for function',
  'for sequence',
  'publickey',
  'forbidden',
  'unauthorized',
  'grpc',
  'rpc error',
];

export const notOwner: Recognizer = (line) =>
  hasAny(line, words) && !hasAny(line, elsewhere)
    ? { cause: 'not-owner', path: directoryIn(line, errorAt(line, words)), capability: null }
    : undefined;
