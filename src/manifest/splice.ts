import { UnusualText } from './textLayout.ts';

/** What stands from `start` to `end` in a text makes way for something else. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Makes splices of one text. Of those at one place the innermost is to come first; they stay in the order given, and
 * what is put in comes before what is taken out from there on.
 *
 * @throws {UnusualText} where two of them concern the same text.
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = '';
  let position = 0;
  const inOrder = [...splices].sort(
    (left, right) => left.start - right.start || Number(left.end > left.start) - Number(right.end > right.start),
  );
  for (const { start, end, text: replacement } of inOrder) {
    if (start < position) throw new UnusualText('two changes concern the same text', start);
    result += text.slice(position, start) + replacement;
    position = end;
  }
  return result + text.slice(position);
}
