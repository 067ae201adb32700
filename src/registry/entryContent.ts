import type { LayerBudget } from './layerBudget.ts';
import type { TarHeader } from './tarReader.ts';

/** What of a file is of interest beyond that it is there. */
export interface ContentWish {
  /** Names of programs that the image may start, of which it is of interest which paths they name. */
  readonly programs: Set<string>;
}

/** What is kept of a file's content. */
export interface KeptContent {
  readonly text?: string | undefined;
  readonly paths?: readonly string[] | undefined;
}

/** Takes a file's content as it passes. */
export interface ContentReader {
  readonly take: (chunk: Buffer) => void;
  readonly finish: () => KeptContent;
}

/** The largest passwd that anybody has seen in an image has some hundred lines. */
const longestAccounts = 1024 * 1024;

/** Docker's official entrypoints have at most 30 kB. */
const longestScript = 128 * 1024;

/** Of all scripts of an image: a distribution's own are some 2 MB. */
const mostScriptBytes = 16 * 1024 * 1024;

/** The largest servers that are one program have some 200 MB. */
const longestProgram = 512 * 1024 * 1024;

/** Where only a package manager or a reader looks for scripts. */
const aside = /^\/(var\/lib\/dpkg|usr\/share\/doc|usr\/lib\/python)/;

/** Settings that scripts read as scripts: /etc/default/NAME, and Apache's envvars. */
const settings = /^\/etc\/(default\/[^/]+|[^/]+\/envvars)$/;

/** Chooses what to do with a file's content; `undefined` where nothing is to be done. */
export function readContent(
  { name: path, size, mode }: TarHeader,
  { programs }: ContentWish,
  budget: LayerBudget,
): ContentReader | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/^\/etc\/(passwd|group)$/.test(path)) return size > longestAccounts ? undefined : keepText(() => true);
  const isExecutable = (mode & 0o111) !== 0;
  const isProgram = isExecutable && programs.has(name) && size <= longestProgram;
  const isRead = name.endsWith('.sh') || settings.test(path);
  const mayBeScript = size <= longestScript && (isExecutable || isRead) && !aside.test(path);
  if (!mayBeScript || budget.scriptBytes + size > mostScriptBytes) return isProgram ? findPaths() : undefined;
  const script = keepText((start) => {
    if (!isShellScript(start, isRead)) return false;
    budget.scriptBytes += size;
    return true;
  });
  return isProgram ? both(script, findPaths()) : script;
}

/** What begins as a script names no paths as a program does. */
function both(script: ContentReader, program: ContentReader): ContentReader {
  return {
    take: (chunk) => {
      script.take(chunk);
      program.take(chunk);
    },
    finish: () => {
      const kept = script.finish();
      return kept.text === undefined ? program.finish() : kept;
    },
  };
}

function isShellScript(start: Buffer, isRead: boolean): boolean {
  if (start[0] !== 0x23 || start[1] !== 0x21) return isRead && !start.includes(0);
  const line = start.subarray(2, 128).toString('latin1').split('\n')[0] ?? '';
  return /(^|[/ ])((ba|da|a|k|z)?sh|with-contenv)( |$)/.test(line);
}

/** Keeps all of a text, once its beginning is known to be of interest. */
function keepText(isWanted: (start: Buffer) => boolean): ContentReader {
  const chunks: Buffer[] = [];
  let wanted: boolean | undefined;
  return {
    take: (chunk) => {
      wanted ??= isWanted(chunk);
      // What is handed on is part of a larger piece that would stay with it.
      if (wanted) chunks.push(Buffer.from(chunk));
    },
    finish: () => (wanted === true ? { text: Buffer.concat(chunks).toString('utf8') } : {}),
  };
}

/** What absolute paths of interest begin with: where programs write. */
const beginnings = ['/run/', '/var/', '/tmp/', '/srv/', '/data'].map((text) => Buffer.from(text));
const longestPath = 128;
const mostPaths = 512;

/** Finds the absolute paths that stand in a program. */
function findPaths(): ContentReader {
  const found = new Set<string>();
  let tail: Buffer = Buffer.alloc(0);
  return {
    take: (chunk) => {
      const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
      for (const beginning of beginnings) {
        for (let at = bytes.indexOf(beginning); at !== -1; at = bytes.indexOf(beginning, at + beginning.length)) {
          if (found.size < mostPaths) noteString(bytes, at, found);
        }
      }
      tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - longestPath)));
    },
    finish: () => (found.size === 0 ? {} : { paths: [...found] }),
  };
}

/** Programs end their strings with a zero byte, or, as Go's do, with the next one: what is cut there names nothing. */
function noteString(bytes: Buffer, at: number, found: Set<string>): void {
  // Within a longer path, it is a part of that.
  const before = at === 0 ? 0 : (bytes[at - 1] ?? 0);
  if (before > 0x20 && before !== 0x22 && before !== 0x27 && before !== 0x3d && before !== 0x3a) return;
  const end = bytes.indexOf(0, at);
  if (end === -1 || end - at > longestPath) return;
  const text = bytes.toString('latin1', at, end);
  if (/^(\/[\w.+@-]+)+\/?$/.test(text)) found.add(text);
}
