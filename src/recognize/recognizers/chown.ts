/**
 * chown: the entrypoint gives files to somebody, or rights to a program, which takes CHOWN, FOWNER or SETFCAP.
 *
 * Source: chown(2), chmod(2), cap_set_file(3), EPERM.
 */
import { hasAny } from '../line.ts';
import { errorAt, pathIn } from '../paths.ts';
import type { Recognizer } from '../recognizer.ts';

const refused = ['operation not permitted', 'eperm', 'not permitted'];
const kinds: readonly (readonly [capability: string, words: readonly string[]])[] = [
  ['SETFCAP', ['set capabilities on file', 'setcap']],
  ['CHOWN', ['chown', 'chgrp', 'ownership', 'change owner', 'change group']],
  ['FOWNER', ['chmod', 'permissions of', 'change permissions', 'preserving times', 'setting times', 'utime']],
];

export const chown: Recognizer = (line) => {
  if (!hasAny(line, refused)) return undefined;
  const kind = kinds.find(([, words]) => hasAny(line, words));
  if (kind === undefined) return undefined;
  const [capability] = kind;
  const path = capability === 'SETFCAP' ? null : pathIn(line, errorAt(line, refused));
  return { cause: 'chown', path, capability };
};
