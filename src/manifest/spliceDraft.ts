import type { ParsedNode } from 'yaml';
import { isMap } from 'yaml';
import type { Draft, Member } from './draft.ts';
import { findRuns, isEmptied, writtenValue } from './draft.ts';
import type { BlockStyle } from './formatBlock.ts';
import { formatBelow, formatEntry, formatItem } from './formatBlock.ts';
import { formatFlow, formatFlowEntry } from './formatFlow.ts';
import type { ExactValue } from './nodeValue.ts';
import type { Splice } from './splice.ts';
import { spliceFlowMembers, spliceFlowValue } from './spliceFlow.ts';
import type { Surroundings } from './surroundingStyle.ts';
import { blockStyleAt, flowStyleAt } from './surroundingStyle.ts';
import type { ListNode, MapNode } from './textLayout.ts';
import {
  afterColon,
  blockColumn,
  contentEnd,
  dashOf,
  isEmptyScalar,
  isFlow,
  isRestOfLineFree,
  itemAt,
  lineEnd,
  lineStart,
  memberEnd,
  memberStart,
  refuseProperties,
  trimBack,
  UnusualText,
} from './textLayout.ts';

/**
 * The splices that make a draft, those of inner drafts first.
 *
 * @throws {UnusualText} where the text is written in a way that no splice is made for.
 */
export function spliceDraft(surroundings: Surroundings, draft: Draft): readonly Splice[] {
  if (isEmptied(draft)) throw new UnusualText('nothing of the document is left', draft.node.range[0]);
  const splices: Splice[] = [];
  collect(surroundings, draft, splices);
  return splices;
}

function collect(surroundings: Surroundings, draft: Draft, splices: Splice[]): void {
  for (const member of draft.members) {
    if (member.isRemoved || member.position === undefined) continue;
    if (member.written !== undefined) {
      splices.push(...spliceValue(surroundings, draft, member.position, member.written));
    } else if (member.inner !== undefined) {
      collectInner(surroundings, draft, member.position, member.inner, splices);
    }
  }
  if (!draft.members.some(({ position, isRemoved }) => position === undefined || isRemoved)) return;
  if (isFlow(draft.node)) {
    const style = flowStyleAt(surroundings, draft.node);
    const format = ({ key, written = null }: Member): string =>
      key === undefined ? formatFlow(written, style) : formatFlowEntry(key, written, style);
    splices.push(...spliceFlowMembers(surroundings.text, draft, findRuns(draft), format, style));
  } else {
    splices.push(...spliceBlockMembers(surroundings, draft));
  }
}

function collectInner(
  surroundings: Surroundings,
  draft: Draft,
  position: number,
  inner: Draft,
  splices: Splice[],
): void {
  if (!isEmptied(inner)) {
    collect(surroundings, inner, splices);
  } else if (inner.members.length > 0) {
    splices.push(...spliceValue(surroundings, draft, position, writtenValue(inner)));
  }
}

function spliceValue(
  surroundings: Surroundings,
  { node }: Draft,
  position: number,
  value: ExactValue,
): readonly Splice[] {
  if (isFlow(node)) return spliceFlowValue(surroundings, node, position, value);
  const style = blockStyleAt(surroundings, node);
  const [first = '', ...below] = isMap(node) ? formatBelow(value, style) : formatItem(value, style);
  const margined = withMargin(surroundings, blockColumn(surroundings.text, node), below);
  if (!isMap(node)) {
    const item = itemAt(node as ListNode, position);
    refuseProperties(item);
    const dash = dashOf(surroundings.text, node as ListNode, position);
    return onOneLine(surroundings.text, dash, dash + 1, item, first, margined);
  }
  const pair = (node as MapNode).items[position];
  if (pair?.value == null) throw new UnusualText('a key without a colon', pair?.key.range[0]);
  return spliceBlockEntry(surroundings.text, afterColon(surroundings.text, pair.key), pair.value, first, margined);
}

function spliceBlockEntry(
  text: string,
  colon: number,
  value: ParsedNode,
  inline: string,
  below: string,
): readonly Splice[] {
  const spaced = inline === '' ? '' : ` ${inline}`;
  if (isEmptyScalar(value)) {
    refuseProperties(value);
    return onOneLine(text, colon, colon, value, spaced, below);
  }
  const [start] = value.range;
  if (!text.slice(colon, start).includes('\n')) {
    return onOneLine(text, inline === '' ? trimBack(text, start) : start, colon, value, inline, below);
  }
  refuseProperties(value);
  const from = lineEnd(text, colon);
  return [
    { start: colon, end: colon, text: spaced },
    { start: from, end: lineEnd(text, contentEnd(text, value)), text: below },
  ];
}

/** What stands from `start` on to the end of a value makes way; what goes below comes after that line's comment. */
function onOneLine(
  text: string,
  start: number,
  indicatorEnd: number,
  value: ParsedNode,
  inline: string,
  below: string,
): readonly Splice[] {
  const isEmpty = isEmptyScalar(value);
  if (!isEmpty && text.slice(indicatorEnd, value.range[0]).includes('\n')) {
    throw new UnusualText('what changes stands on another line than its dash', value.range[0]);
  }
  const end = isEmpty ? indicatorEnd : contentEnd(text, value);
  const splices = [{ start, end, text: inline }];
  if (below === '') return splices;
  refuseMoreOnLine(text, end);
  const after = lineEnd(text, end);
  return [...splices, { start: after, end: after, text: below }];
}

function withMargin({ lineBreak }: Surroundings, column: number, lines: readonly string[]): string {
  return lines.map((line) => `${lineBreak}${line === '' ? '' : ' '.repeat(column)}${line}`).join('');
}

function spliceBlockMembers(surroundings: Surroundings, draft: Draft): readonly Splice[] {
  const { text } = surroundings;
  const { node } = draft;
  const style = blockStyleAt(surroundings, node);
  const column = blockColumn(text, node);
  const added = findRuns(draft).map(({ after, members }) => {
    const lines = members.flatMap((member) => formatMember(member, style));
    return after === undefined
      ? insertBefore(surroundings, draft, column, lines)
      : insertAfter(text, memberEnd(text, node, after), withMargin(surroundings, column, lines));
  });
  return [...added, ...removeBlockMembers(text, draft)];
}

function formatMember({ key, written = null }: Member, style: BlockStyle): readonly string[] {
  return key === undefined ? formatItem(written, style) : formatEntry(key, written, style);
}

function insertAfter(text: string, end: number, inserted: string): Splice {
  refuseMoreOnLine(text, end);
  const start = lineEnd(text, end);
  return { start, end: start, text: inserted };
}

function refuseMoreOnLine(text: string, end: number): void {
  if (!isRestOfLineFree(text, end)) throw new UnusualText('more than a comment follows on the line', end);
}

function insertBefore(surroundings: Surroundings, draft: Draft, column: number, lines: readonly string[]): Splice {
  const first = draft.members.find(({ position, isRemoved }) => position !== undefined && !isRemoved);
  if (first?.position === undefined) throw new UnusualText('nothing of it is left', draft.node.range[0]);
  const start = memberStart(surroundings.text, draft.node, first.position);
  const margined = withMargin(surroundings, column, [...lines, '']);
  const inserted = margined.slice(surroundings.lineBreak.length + column) + ' '.repeat(column);
  return { start, end: start, text: inserted };
}

/** Comments on lines of their own stay: no one can tell whether they belong to what goes. */
function removeBlockMembers(text: string, { node, members }: Draft): readonly Splice[] {
  const splices: Splice[] = [];
  let isBeforeAll = true;
  for (const { position, isRemoved } of members) {
    if (position === undefined) continue;
    if (!isRemoved) {
      isBeforeAll = false;
      continue;
    }
    const start = memberStart(text, node, position);
    const end = lineEnd(text, memberEnd(text, node, position));
    splices.push(isBeforeAll ? cutUpToNext(text, start, end) : cutLines(text, start, end));
  }
  return splices;
}

/** The first member may share its line with a dash, so what follows comes to where it stood. */
function cutUpToNext(text: string, start: number, end: number): Splice {
  const space = /\s*/y;
  space.lastIndex = end;
  return { start, end: end + (space.exec(text)?.[0].length ?? 0), text: '' };
}

function cutLines(text: string, start: number, end: number): Splice {
  const newline = lineStart(text, start) - 1;
  if (newline < 0) throw new UnusualText('what goes shares its line', start);
  return { start: text[newline - 1] === '\r' ? newline - 1 : newline, end, text: '' };
}
