/**
 * Shell scripts taken apart as far as it takes to see what they run, with what. No shell: what a word comes to is known
 * only where it is written plainly or in a variable that is.
 */

/** One simple command. */
export interface ShellCommand {
  /** Without quotes; what redirects stands there as a word of its own, such as `>`. */
  readonly words: readonly string[];
  /** What stands between the command before and this one. */
  readonly after: '' | '&&' | '||' | '|';
}

/** Where the parts of a command end: at these, or at a line's end. */
const separators = ';|&(){}\n';

/** Splits a script into its simple commands, in their order. */
export function splitCommands(script: string): readonly ShellCommand[] {
  const text = dropHereDocuments(script.replaceAll('\\\n', ' '));
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let after: ShellCommand['after'] = '';
  const end = (next: ShellCommand['after']): void => {
    if (words.length > 0) commands.push({ words, after });
    [words, after] = [[], next];
  };
  for (let at = 0; at < text.length; ) {
    const token = readToken(text, at);
    at = token.end;
    if (token.kind === 'word') words.push(token.text);
    if (token.kind !== 'separator') continue;
    end(joiners.find((joiner) => joiner === token.text) ?? '');
    // Functions and groups are told by these, which stand alone.
    if (token.text === '{' || token.text === '}' || token.text === '()')
      commands.push({ words: [token.text], after: '' });
  }
  end('');
  return commands;
}

const joiners = ['&&', '||', '|'] as const;

/** What comes next: what redirects is a word like others. */
interface Token {
  readonly kind: 'word' | 'separator' | 'nothing';
  readonly text: string;
  readonly end: number;
}

function readToken(text: string, at: number): Token {
  const character = text.charAt(at);
  if (character === ' ' || character === '\t' || character === '\r') return { kind: 'nothing', text: '', end: at + 1 };
  if (character === '#') return { kind: 'nothing', text: '', end: endOf(text, '\n', at) };
  if (character === '>' || character === '<') {
    const operator = /^[<>]+[&|]?/.exec(text.slice(at, at + 4))?.[0] ?? character;
    return { kind: 'word', text: operator, end: at + operator.length };
  }
  if (separators.includes(character)) {
    const pair = text.slice(at, at + 2);
    const separator = pair === '&&' || pair === '||' || pair === '()' ? pair : character;
    return { kind: 'separator', text: separator, end: at + separator.length };
  }
  const [word, end] = readWord(text, at);
  return { kind: 'word', text: word, end };
}

/** A word without its quotes, and where it ends. */
function readWord(text: string, start: number): readonly [word: string, end: number] {
  let word = '';
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (' \t\r<>'.includes(character) || separators.includes(character)) break;
    const [part, next] = readPart(text, at);
    word += part;
    at = next;
  }
  return [word, at];
}

function readPart(text: string, at: number): readonly [part: string, end: number] {
  switch (text.charAt(at)) {
    case "'": {
      const end = endOf(text, "'", at + 1);
      return [text.slice(at + 1, end), end + 1];
    }
    case '"':
      return readDoubleQuoted(text, at + 1);
    case '\\':
      return [text.charAt(at + 1), at + 2];
    case '`': {
      const end = endOf(text, '`', at + 1);
      return [`$(${text.slice(at + 1, end)})`, end + 1];
    }
    case '$':
      return readDollar(text, at);
    default:
      return [text.charAt(at), at + 1];
  }
}

function readDoubleQuoted(text: string, start: number): readonly [part: string, end: number] {
  let part = '';
  let at = start;
  while (at < text.length && text.charAt(at) !== '"') {
    const character = text.charAt(at);
    if (character === '$' || character === '`' || character === '\\') {
      const [inner, next] = readPart(text, at);
      part += inner;
      at = next;
    } else {
      part += character;
      at += 1;
    }
  }
  return [part, at + 1];
}

/** `$(…)` and `${…}` are one part as they stand, however deep. */
function readDollar(text: string, start: number): readonly [part: string, end: number] {
  const open = text.charAt(start + 1);
  if (open !== '(' && open !== '{') return ['$', start + 1];
  const close = open === '(' ? ')' : '}';
  let depth = 0;
  let at = start + 1;
  for (; at < text.length; at += 1) {
    if (text.charAt(at) === open) depth += 1;
    else if (text.charAt(at) === close) depth -= 1;
    if (depth === 0) break;
  }
  return [text.slice(start, at + 1), at + 1];
}

function endOf(text: string, character: string, from: number): number {
  const end = text.indexOf(character, from);
  return end === -1 ? text.length : end;
}

/** What stands in here-documents is data. */
function dropHereDocuments(text: string): string {
  if (!text.includes('<<')) return text;
  const kept: string[] = [];
  let until: string | undefined;
  for (const line of text.split('\n')) {
    if (until !== undefined) {
      if (line.trim() === until) until = undefined;
      continue;
    }
    kept.push(line);
    // `<<<` is a word of its own, and no document.
    until = /(?:^|[^<])<<-?[ \t]*\\?['"]?(\w+)['"]?/.exec(line)?.[1];
  }
  return kept.join('\n');
}
