/**
 * read-only-root: the container writes to its root filesystem, which is mounted read-only.
 *
 * Source: EROFS, errno(3), number 30; what C, Go, Java, Node, Python and Rust make of it.
 */
import { hasAny } from '../line.ts';
import { directoryIn, errorAt, pathIn } from '../paths.ts';
import type { Recognizer } from '../recognizer.ts';

const words = ['read-only file', 'readonly file', 'read only file', 'erofs', 'readonlyfilesystem', 'os error 30'];

export const readOnlyRoot: Recognizer = (line) => {
  if (hasAny(line, ['control group', 'cgroup'])) return undefined;
  if (hasAny(line, words)) {
    // A shell keeps the text of a here-document in a file that it does not name.
    const path = hasAny(line, ['here-document', 'here document']) ? '/tmp' : directoryIn(line, errorAt(line, words));
    return { cause: 'read-only-root', path, capability: null };
  }
  // Java names where it wanted to, and nothing of why it could not.
  if (hasAny(line, ['java.io.tmpdir is set to'])) {
    return { cause: 'read-only-root', path: pathIn(line, line.text.length), capability: null };
  }
  // Node makes the directories above one as well, and names the last of them where the first could not be made.
  const isMissing = hasAny(line, ['enoent']) && hasAny(line, ['mkdir']);
  return isMissing
    ? { cause: 'read-only-root', path: directoryIn(line, line.text.length), capability: null }
    : undefined;
};
