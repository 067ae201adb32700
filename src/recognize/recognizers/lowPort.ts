/**
 * low-port: who is not root, or has no NET_BIND_SERVICE, may not listen below port 1024.
 *
 * Source: bind(2), EACCES; what nginx, Apache, HAProxy, Go, Node and Java print.
 */
import { hasAny } from '../line.ts';
import type { Recognizer } from '../recognizer.ts';

const binding = ['bind', 'listen ', 'make_sock', 'starting listener', 'listener on', 'cannot listen'];
const refused = ['permission denied', 'eacces', 'operation not permitted'];

export const lowPort: Recognizer = (line) => {
  if (!hasAny(line, refused) || !hasAny(line, binding)) return undefined;
  // A socket in the file system is a matter of its directory.
  if (hasAny(line, ['unix:', 'unix socket', '.sock', 'af_unix'])) return undefined;
  return { cause: 'low-port', path: null, capability: 'NET_BIND_SERVICE' };
};
