/**
 * file-capabilities: the program that starts carries capabilities of its own, as caddy does to listen on port 80. Where
 * the container may not have them, the kernel does not even start it.
 *
 * Source: capabilities(7), "Safety checking for capability-dumb binaries"; Linux security/commoncap.c,
 * `bprm_caps_from_vfs_caps`, EPERM.
 */
import { hasAny } from '../line.ts';
import type { Recognizer } from '../recognizer.ts';

const starting = ['exec ', 'exec: ', 'execve', 'exec container process', 'starting container process', 'fork/exec '];

export const fileCapabilities: Recognizer = (line) => {
  if (!hasAny(line, ['operation not permitted']) || !hasAny(line, starting)) return undefined;
  // A shell that cannot drop its user says much the same.
  if (hasAny(line, ['setgroups', 'setuid', 'setgid', 'failed switching'])) return undefined;
  return { cause: 'file-capabilities', path: null, capability: 'NET_BIND_SERVICE' };
};
