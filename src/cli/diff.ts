import { styleText } from 'node:util';
import type { StructuredPatchHunk } from 'diff';
import { FILE_HEADERS_ONLY, formatPatch } from 'diff';
import type { Splice } from '../manifest/splice.ts';
import type { LineChange } from './lineChanges.ts';
import { findLineChanges, splitLines } from './lineChanges.ts';

/** What `git diff` and `diff -u` show around a change. */
const contextLines = 3;

/** The unified difference that splices make of a file, as `git diff` and `patch` know it; empty where there is none. */
export function formatDiff(file: string, before: string, splices: readonly Splice[], isColored: boolean): string {
  const changes = findLineChanges(before, splices);
  if (changes.length === 0) return '';
  // After `a/`, as git has it, an absolute path would begin with two slashes.
  const name = file === '-' ? 'stdin' : file.replace(/^\/+/, '');
  const names = { oldFileName: `a/${name}`, newFileName: `b/${name}`, oldHeader: undefined, newHeader: undefined };
  const hunks = makeHunks(splitLines(before), changes);
  const patch = endNames(formatPatch({ ...names, hunks }, FILE_HEADERS_ONLY));
  return isColored ? patch.split('\n').map(colorLine).join('\n') : patch;
}

/** GNU patch takes a name with a space in it, unless it is quoted, to end there where no tab ends it. */
function endNames(patch: string): string {
  return patch.replace(/^(--- [^"].* .*)\n(.*)\n/, '$1\t\n$2\t\n');
}

/** Changes with the lines around them; those whose surroundings touch are one hunk. */
function makeHunks(lines: readonly string[], changes: readonly LineChange[]): StructuredPatchHunk[] {
  const hunks: StructuredPatchHunk[] = [];
  let shift = 0;
  for (const group of groupNeighbours(changes)) {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) continue;
    const start = Math.max(0, first.line - contextLines);
    const end = Math.min(lines.length, last.line + last.removed.length + contextLines);
    const hunkLines: string[] = [];
    let at = start;
    for (const { line, removed, added } of group) {
      hunkLines.push(...mark(' ', lines.slice(at, line)), ...mark('-', removed), ...mark('+', added));
      at = line + removed.length;
    }
    hunkLines.push(...mark(' ', lines.slice(at, end)));
    const growth = group.reduce((sum, { removed, added }) => sum + added.length - removed.length, 0);
    const [oldLines, newLines] = [end - start, end - start + growth];
    hunks.push({ oldStart: start + 1, oldLines, newStart: start + shift + 1, newLines, lines: hunkLines });
    shift += growth;
  }
  return hunks;
}

function groupNeighbours(changes: readonly LineChange[]): readonly (readonly LineChange[])[] {
  const groups: LineChange[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const change of changes) {
    if (change.line - end > 2 * contextLines) groups.push([]);
    groups.at(-1)?.push(change);
    end = change.line + change.removed.length;
  }
  return groups;
}

function mark(sign: ' ' | '+' | '-', lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) =>
    line.endsWith('\n') ? [`${sign}${line.slice(0, -1)}`] : [`${sign}${line}`, '\\ No newline at end of file'],
  );
}

function colorLine(line: string): string {
  const style = styleOf(line);
  // The caller has looked at the stream already.
  return style === undefined ? line : styleText(style, line, { validateStream: false });
}

function styleOf(line: string): 'bold' | 'cyan' | 'green' | 'red' | undefined {
  if (line.startsWith('--- ') || line.startsWith('+++ ')) return 'bold';
  if (line.startsWith('@@')) return 'cyan';
  if (line.startsWith('+')) return 'green';
  return line.startsWith('-') ? 'red' : undefined;
}
