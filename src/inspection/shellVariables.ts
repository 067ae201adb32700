/** What is known of a script's variables. */
export interface Variables {
  /** As the script sets them. */
  readonly set: Map<string, Expansion>;
  /** As the image sets them: for looking up, never for telling. */
  readonly environment: ReadonlyMap<string, string>;
}

/** What a word comes to. */
export interface Expansion {
  readonly text: string;
  /** Whether part of it is from the image's environment, where there may be secrets. */
  readonly isPrivate: boolean;
}

/** Longer ones are no paths and no users, and would double each time. */
const longestValue = 4096;

/** Puts what is known into a word; `undefined` where something in it is not. */
export function expand(word: string, variables: Variables): Expansion | undefined {
  let isPrivate = false;
  let isKnown = true;
  const text = word.replaceAll(/\$(?:(\w+)|\{(\w+)(?::?[-=]([^{}$]*))?\}|[({@*#?!])/g, (_, plain, braced, fallback) => {
    const name = (plain ?? braced) as string | undefined;
    const value = name === undefined ? undefined : find(name, variables);
    isPrivate ||= value?.isPrivate === true;
    if (value === undefined && fallback === undefined) isKnown = false;
    return value?.text ?? (fallback as string | undefined) ?? '';
  });
  return isKnown && text.length <= longestValue ? { text, isPrivate } : undefined;
}

function find(name: string, { set, environment }: Variables): Expansion | undefined {
  const value = environment.get(name);
  return set.get(name) ?? (value === undefined || value === '' ? undefined : { text: value, isPrivate: true });
}

/** Takes in what words such as `name=value` set, and `${name:=value}`. */
export function assign(words: readonly string[], variables: Variables): void {
  for (const word of words) {
    const [, name, value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? /^\$\{(\w+):?=([^{}]*)\}$/.exec(word) ?? [];
    if (name === undefined || (word.startsWith('$') && find(name, variables) !== undefined)) continue;
    const expansion = expand(value, variables);
    if (expansion === undefined) variables.set.delete(name);
    // The first one is the rule, those in branches further down the exception.
    else if (!variables.set.has(name)) variables.set.set(name, expansion);
  }
}
