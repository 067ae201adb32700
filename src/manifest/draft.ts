import jsonPatch from 'fast-json-patch';
import type { ParsedNode } from 'yaml';
import { isAlias, isCollection, isMap } from 'yaml';
import type { Patch, PatchOperation } from '../core/json/patch.ts';
import type { ExactValue } from './nodeValue.ts';
import { copyJson, isMergeKey, keyOf, setOwn } from './nodeValue.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { parsePointer } from './pointer.ts';
import type { CollectionNode, ListNode, MapNode } from './textLayout.ts';
import { UnusualText } from './textLayout.ts';

/**
 * A map or a list of the text with what is to be done to it. Only those that a patch passes through have one; all
 * members stand in it, in order.
 */
export interface Draft {
  readonly node: CollectionNode;
  readonly members: Member[];
  /** Whether any member is removed, so that positions and indices are no longer the same. */
  hasRemoved: boolean;
}

/** An entry of a map or an item of a list. */
export interface Member {
  /** None for an item of a list and for `<<`. */
  readonly key: string | undefined;
  /** Which member of the text it is; none for what is added. */
  readonly position: number | undefined;
  isRemoved: boolean;
  /** What comes in place of the member's value, or the value of an added one. */
  written: ExactValue | undefined;
  /** What is to be done inside of the member's value. */
  inner: Draft | undefined;
}

/**
 * What a patch's operations come to, each made on what those before it left.
 *
 * @throws {UnusualText} for a patch of the root, and where an alias or `<<` leads to what changes.
 */
export function draftPatch(document: ParsedDocument, root: ParsedNode, patch: Patch): Draft {
  const draft = draftOf(document, root);
  for (const operation of patch) draftOperation(document, draft, operation);
  return draft;
}

function draftOperation(document: ParsedDocument, root: Draft, operation: PatchOperation): void {
  const path = parsePointer(operation.path);
  const last = path.at(-1);
  let draft = root;
  if (last === undefined) throw new UnusualText('the whole document makes way', offsetOf(root.node));
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const member = memberAt(draft, key);
    if (member.written !== undefined) {
      patchWritten(member, path.slice(depth + 1), operation);
      return;
    }
    member.inner ??= draftOf(document, writtenNode(draft, member));
    draft = member.inner;
  }
  draftMember(draft, last, operation);
}

function draftMember(draft: Draft, key: string, operation: PatchOperation): void {
  if (operation.op === 'remove') {
    removeMember(draft, memberAt(draft, key));
    return;
  }
  const value = copyJson(operation.value);
  const member = findMember(draft, key);
  if (member !== undefined && (isMap(draft.node) || operation.op === 'replace')) {
    member.written = value;
    member.inner = undefined;
    return;
  }
  const position = member === undefined ? draft.members.length : draft.members.indexOf(member);
  const added = { key: isMap(draft.node) ? key : undefined, position: undefined, isRemoved: false, inner: undefined };
  draft.members.splice(position, 0, { ...added, written: value });
}

function removeMember(draft: Draft, member: Member): void {
  if (member.position === undefined) draft.members.splice(draft.members.indexOf(member), 1);
  else draft.hasRemoved = member.isRemoved = true;
}

/** The member at a key or index, those that are removed left out. */
function findMember({ node, members, hasRemoved }: Draft, key: string): Member | undefined {
  if (isMap(node)) return members.find((member) => member.key === key && !member.isRemoved);
  if (!/^(?:0|[1-9][0-9]*)$/.test(key)) return undefined;
  const live = hasRemoved ? members.filter(({ isRemoved }) => !isRemoved) : members;
  return live[Number(key)];
}

/** A patch that can be made on the value finds each member in the text, but for those that `<<` merges in. */
function memberAt(draft: Draft, key: string): Member {
  const member = findMember(draft, key);
  if (member === undefined) throw new UnusualText('what "<<" merges in changes', offsetOf(draft.node));
  return member;
}

function patchWritten(member: Member, path: readonly string[], operation: PatchOperation): void {
  const pointer = path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const inner = copyJson({ ...operation, path: pointer }) as unknown as jsonPatch.Operation;
  const result = jsonPatch.applyPatch(member.written, [inner], true, true).newDocument;
  member.written = result as ExactValue;
}

function writtenNode({ node }: Draft, { position }: Member): ParsedNode {
  const value = position === undefined ? undefined : valueNode(node, position);
  if (value == null) throw new UnusualText('a key without a value', offsetOf(node));
  return value;
}

/** The node of a member's value: null where not even a colon is written. */
export function valueNode(node: CollectionNode, position: number): ParsedNode | null | undefined {
  return isMap(node) ? (node as MapNode).items[position]?.value : (node as ListNode).items[position];
}

function offsetOf(node: CollectionNode): number {
  return node.range[0];
}

/** A draft of a node in which nothing is done yet. */
function draftOf({ targets }: ParsedDocument, from: ParsedNode): Draft {
  if (isAlias(from)) throw new UnusualText('an alias stands for what changes', from.range[0]);
  if (!isCollection(from)) throw new UnusualText('no map and no list', from.range[0]);
  const node = from as CollectionNode;
  const keys = isMap(node)
    ? (node as MapNode).items.map(({ key }) => (isMergeKey(key) ? undefined : keyOf(key, targets)))
    : node.items.map(() => undefined);
  const members = keys.map((key, position) => ({
    key,
    position,
    isRemoved: false,
    written: undefined,
    inner: undefined,
  }));
  return { node, members, hasRemoved: false };
}

/** Whether a map or list has nothing left that stands in the text; what it comes to is then written as a whole. */
export function isEmptied({ members }: Draft): boolean {
  return members.every(({ position, isRemoved }) => position === undefined || isRemoved);
}

/** What a draft says that has nothing of the text left. */
export function writtenValue({ node, members }: Draft): ExactValue {
  const added = members.filter(({ isRemoved }) => !isRemoved);
  if (!isMap(node)) return added.map(({ written }) => written ?? null);
  const object: { [key: string]: ExactValue } = {};
  for (const { key, written } of added) setOwn(object, key ?? '', written ?? null);
  return object;
}

/** Members that are added behind one that stays, or before all of them. */
export interface Run {
  readonly after: number | undefined;
  readonly members: readonly Member[];
}

/** What a draft adds, in order. */
export function findRuns({ members }: Draft): readonly Run[] {
  const runs: { after: number | undefined; members: Member[] }[] = [];
  let after: number | undefined;
  for (const member of members) {
    if (member.isRemoved) continue;
    if (member.position !== undefined) {
      after = member.position;
      continue;
    }
    const last = runs.at(-1);
    if (last !== undefined && last.after === after) last.members.push(member);
    else runs.push({ after, members: [member] });
  }
  return runs;
}
