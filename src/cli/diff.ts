import { styleText } from 'node:util';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/** Wholly different texts of thousands of lines would take minutes; nobody reads such a difference either. */
const mostEdits = 20_000;

/** The unified difference of a file, as `git diff` and `patch` know it; empty where there is none. */
export function formatDiff(file: string, before: string, after: string, isColored: boolean): string {
  if (before === after) return '';
  // After `a/`, as git has it, an absolute path would begin with two slashes.
  const name = file === '-' ? 'stdin' : file.replace(/^\/+/, '');
  const options = { context: 3, headerOptions: FILE_HEADERS_ONLY, maxEditLength: mostEdits };
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, after, undefined, undefined, options);
  if (patch === undefined) return `--- a/${name}\n+++ b/${name}\n(too many lines differ to show them)\n`;
  return isColored ? patch.split('\n').map(colorLine).join('\n') : patch;
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
