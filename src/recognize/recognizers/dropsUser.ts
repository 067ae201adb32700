/**
 * drops-user: the entrypoint starts as root and steps down to another user, for which it needs SETUID and SETGID, or a
 * setuid program that `allowPrivilegeEscalation: false` disarms.
 *
 * Source: setgroups(2), setuid(2); what gosu, su-exec, setpriv, su and sudo print.
 */
import { hasAny } from '../line.ts';
import type { Recognizer } from '../recognizer.ts';

const groupCalls = [
  'setgroups',
  'setgid',
  'setegid',
  'setresgid',
  'initgroups',
  'set groups',
  'set group id',
  'supplementary group',
];
const userCalls = [
  'setuid',
  'seteuid',
  'setresuid',
  'set user id',
  'failed switching to',
  'cannot switch to user',
  'drop privileges',
  'dropping privileges',
];
const refused = ['not permitted', 'permission denied', 'eperm'];

/** These say by themselves that it was privileges. */
const setuidPrograms = [
  'su: authentication failure',
  'su: must be suid',
  'su: cannot set groups',
  'must be run from a terminal',
  '"no new privileges" flag is set',
  'sudo: effective uid is not 0',
  'sudo must be owned by uid 0',
];

export const dropsUser: Recognizer = (line) => {
  if (hasAny(line, setuidPrograms)) return { cause: 'drops-user', path: null, capability: 'SETUID' };
  if (!hasAny(line, refused)) return undefined;
  if (hasAny(line, groupCalls)) return { cause: 'drops-user', path: null, capability: 'SETGID' };
  return hasAny(line, userCalls) ? { cause: 'drops-user', path: null, capability: 'SETUID' } : undefined;
};
