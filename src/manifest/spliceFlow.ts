import type { ParsedNode } from 'yaml';
import { isMap } from 'yaml';
import type { Draft, Member, Run } from './draft.ts';
import { valueNode } from './draft.ts';
import type { FlowStyle } from './formatFlow.ts';
import { formatFlow } from './formatFlow.ts';
import type { ExactValue } from './nodeValue.ts';
import type { Splice } from './splice.ts';
import type { Surroundings } from './surroundingStyle.ts';
import { flowStyleAt } from './surroundingStyle.ts';
import type { CollectionNode, MapNode } from './textLayout.ts';
import { afterColon, isEmptyScalar, lineEnd, matchAt, memberEnd, memberStart, UnusualText } from './textLayout.ts';

/** The splice that puts another value into a place in braces or brackets. */
export function spliceFlowValue(
  surroundings: Surroundings,
  node: CollectionNode,
  position: number,
  value: ExactValue,
): readonly Splice[] {
  refuseWithoutBraces(surroundings.text, node);
  const place = valueNode(node, position);
  const text = formatFlow(value, flowStyleAt(surroundings, node));
  if (place != null && !isEmptyScalar(place)) return [{ start: place.range[0], end: place.range[1], text }];
  const key = isMap(node) ? (node as MapNode).items[position]?.key : undefined;
  if (key === undefined) throw new UnusualText('an empty item', node.range[0]);
  if (place == null) return [{ start: key.range[1], end: key.range[1], text: `: ${text}` }];
  return [{ start: afterColon(surroundings.text, key), end: place.range[0], text: ` ${text}` }];
}

/** The splices that add members to a map in braces or a list in brackets, and take others away with their commas. */
export function spliceFlowMembers(
  text: string,
  draft: Draft,
  runs: readonly Run[],
  format: (member: Member) => string,
  style: FlowStyle,
): readonly Splice[] {
  refuseWithoutBraces(text, draft.node);
  const added = runs.flatMap(({ after, members }) => {
    const formatted = members.map(format);
    return after === undefined
      ? insertBefore(text, draft, formatted, style)
      : insertAfter(text, memberEnd(text, draft.node, after), formatted, style);
  });
  return [...added, ...removals(text, draft)];
}

/** `[a: 1]` is a map without braces. */
function refuseWithoutBraces(text: string, node: CollectionNode): void {
  if (text[node.range[0]] === (isMap(node as ParsedNode) ? '{' : '[')) return;
  throw new UnusualText('a pair in brackets has no braces of its own', node.range[0]);
}

function separatorOf({ lines, isTight }: FlowStyle): string {
  if (lines !== undefined) return `,${lines.lineBreak}${lines.margin}`;
  return isTight ? ',' : ', ';
}

function insertBefore(text: string, draft: Draft, formatted: readonly string[], style: FlowStyle): readonly Splice[] {
  const first = draft.members.find(({ position, isRemoved }) => position !== undefined && !isRemoved);
  if (first?.position === undefined) throw new UnusualText('nothing of it is left', draft.node.range[0]);
  const start = memberStart(text, draft.node, first.position);
  return [{ start, end: start, text: formatted.map((member) => member + separatorOf(style)).join('') }];
}

function insertAfter(text: string, end: number, formatted: readonly string[], style: FlowStyle): readonly Splice[] {
  const separator = separatorOf(style);
  const comment = matchAt(/[ \t]*(,?)[ \t]+#/y, text, end);
  if (comment === null || style.lines === undefined) {
    return [{ start: end, end, text: formatted.map((member) => separator + member).join('') }];
  }
  // The comment at the end of the line is about what it follows, so the addition comes on the next.
  const afterComment = lineEnd(text, end);
  const newLines = separator.slice(1) + formatted.join(separator);
  if (comment[1] === ',') return [{ start: afterComment, end: afterComment, text: `${newLines},` }];
  return [
    { start: end, end, text: ',' },
    { start: afterComment, end: afterComment, text: newLines },
  ];
}

function removals(text: string, { node, members }: Draft): readonly Splice[] {
  const splices: Splice[] = [];
  let isBeforeAll = true;
  for (const { position, isRemoved } of members) {
    if (position === undefined) continue;
    if (!isRemoved) {
      isBeforeAll = false;
      continue;
    }
    const [before, after] = isBeforeAll ? [position, position + 1] : [position - 1, position];
    refuseComment(text, memberEnd(text, node, before), memberStart(text, node, after));
    splices.push(
      isBeforeAll
        ? { start: memberStart(text, node, position), end: memberStart(text, node, after), text: '' }
        : { start: memberEnd(text, node, before), end: memberEnd(text, node, position), text: '' },
    );
  }
  return splices;
}

/** What goes with its comma would take a comment between the two along, which may be about what stays. */
function refuseComment(text: string, start: number, end: number): void {
  if (text.slice(start, end).includes('#')) throw new UnusualText('a comment stands beside what goes', start);
}
