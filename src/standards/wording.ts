// Messages are word for word those of the API server, so that people can search for what they see.

/** Each item in double quotes. Items are not escaped, as upstream. */
export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(', ');
}

export function plural(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

export function namedContainers(names: readonly string[]): string {
  return `${plural(names.length, 'container', 'containers')} ${quoted(names)}`;
}

/** Those that set a field, each as a part of its own: the pod, then its containers. */
export function setters(podSets: boolean, containers: readonly string[]): readonly string[] {
  return [...(podSets ? ['pod'] : []), ...(containers.length > 0 ? [namedContainers(containers)] : [])];
}

/** Each value once, in the order of Go's strings, which is that of their code points. */
export function sortedUnique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort(byCodePoints);
}

function byCodePoints(left: string, right: string): number {
  const leftPoints = codePoints(left);
  const rightPoints = codePoints(right);
  const index = leftPoints.findIndex((point, at) => point !== rightPoints[at]);
  if (index < 0) {
    return leftPoints.length - rightPoints.length;
  }
  return (leftPoints[index] ?? -1) - (rightPoints[index] ?? -1);
}

function codePoints(text: string): readonly number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

const notPlain = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** A string as a Go literal, which is how messages show annotation values. */
export function goLiteral(text: string): string {
  return `"${text.toWellFormed().replace(notPlain, (character) => shortEscapes[character] ?? numericEscape(character))}"`;
}

function numericEscape(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  if (point < 0x80) {
    return `\\x${hex.padStart(2, '0')}`;
  }
  return point < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
