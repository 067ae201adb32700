/**
 * owner-of-run: s6-overlay starts only where `/run` belongs to the very user that it runs as; an emptyDir is root's.
 *
 * Source: github.com/just-containers/s6-overlay, `preinit`.
 */
import { hasAny } from '../line.ts';
import type { Recognizer } from '../recognizer.ts';

export const ownerOfRun: Recognizer = (line) =>
  hasAny(line, ['belongs to uid ']) && hasAny(line, ['instead of '])
    ? { cause: 'owner-of-run', path: null, capability: null }
    : undefined;
