import jsonPatch from 'fast-json-patch';
import type { ParsedNode } from 'yaml';
import { isAlias, isMap, isSeq } from 'yaml';
import type { Patch, PatchOperation } from '../core/json/patch.ts';
import type { ExactValue } from './nodeValue.ts';
import { copyJson, exactValueOf, isExactObject, isMergeKey, keyOf, setOwn } from './nodeValue.ts';
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

/** The drafts of one document; an anchored node has one, whatever alias led to it. */
export interface Drafting {
  readonly document: ParsedDocument;
  readonly drafts: Map<ParsedNode, Draft>;
  /** By which path an anchored node was first reached; what comes by another is taken for the same edit. */
  readonly routes: Map<ParsedNode, string>;
}

export function newDrafting(document: ParsedDocument): Drafting {
  return { document, drafts: new Map(), routes: new Map() };
}

/**
 * Notes a patch's operations, each made on what those before it left.
 *
 * @throws {UnusualText} for a patch of the root and for removals of what is merged in.
 */
export function draftPatch(drafting: Drafting, root: ParsedNode, patch: Patch): void {
  for (const operation of patch) draftOperation(drafting, root, operation);
}

function draftOperation(drafting: Drafting, root: ParsedNode, operation: PatchOperation): void {
  const path = parsePointer(operation.path);
  const last = path.at(-1);
  let draft = draftOf(drafting, root, '');
  if (last === undefined || draft === undefined) throw new UnusualText();
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const member = memberAt(draft, key) ?? takeMergedIn(drafting, draft, key);
    if (member.written !== undefined) {
      patchWritten(member, path.slice(depth + 1), operation);
      return;
    }
    const route = `${path.slice(0, depth + 1).join('\0')}\0`;
    const inner = innerDraft(drafting, draft, member, route);
    if (inner === undefined) return;
    draft = inner;
  }
  if (isMap(draft.node)) draftInMap(drafting, draft, last, operation);
  else draftInList(draft, last, operation);
}

function draftInMap(drafting: Drafting, draft: Draft, key: string, operation: PatchOperation): void {
  const member = memberAt(draft, key);
  if (operation.op === 'remove') {
    if (member === undefined) throw new UnusualText();
    removeMember(draft, member);
    // A key that is merged in as well would come back.
    if (hasMerge(draft) && isMergedIn(drafting, draft, key)) throw new UnusualText();
  } else if (member === undefined) {
    addMember(draft, draft.members.length, key, copyJson(operation.value));
  } else {
    member.written = copyJson(operation.value);
    member.inner = undefined;
  }
}

function draftInList(draft: Draft, key: string, operation: PatchOperation): void {
  const member = memberAt(draft, key);
  if (operation.op === 'remove') {
    if (member === undefined) throw new UnusualText();
    removeMember(draft, member);
  } else if (operation.op === 'replace') {
    if (member === undefined) throw new UnusualText();
    member.written = copyJson(operation.value);
    member.inner = undefined;
  } else {
    const position = member === undefined ? draft.members.length : draft.members.indexOf(member);
    addMember(draft, position, undefined, copyJson(operation.value));
  }
}

function addMember(draft: Draft, position: number, key: string | undefined, value: ExactValue): void {
  draft.members.splice(position, 0, { key, position: undefined, isRemoved: false, written: value, inner: undefined });
}

function removeMember(draft: Draft, member: Member): void {
  if (member.position === undefined) draft.members.splice(draft.members.indexOf(member), 1);
  else member.isRemoved = true;
}

/** The member at a key or index, those that are removed left out. */
function memberAt(draft: Draft, key: string): Member | undefined {
  const live = draft.members.filter(({ isRemoved }) => !isRemoved);
  if (isMap(draft.node)) return live.find((member) => member.key === key);
  return /^(?:0|[1-9][0-9]*)$/.test(key) ? live[Number(key)] : undefined;
}

/** An entry that stands in the text only by way of `<<` gets its own, which overrides the one that is merged in. */
function takeMergedIn(drafting: Drafting, draft: Draft, key: string): Member {
  const value = isMap(draft.node) ? exactValueOf(draft.node as ParsedNode, drafting.document) : undefined;
  if (!isExactObject(value) || !Object.hasOwn(value, key)) throw new UnusualText();
  addMember(draft, draft.members.length, key, value[key] ?? null);
  const member = draft.members.at(-1);
  if (member === undefined) throw new UnusualText();
  return member;
}

function hasMerge(draft: Draft): boolean {
  return isMap(draft.node) && (draft.node as MapNode).items.some(({ key }) => isMergeKey(key));
}

function isMergedIn(drafting: Drafting, draft: Draft, key: string): boolean {
  const merges = (draft.node as MapNode).items.filter((pair) => isMergeKey(pair.key));
  return merges.some(({ value }) => {
    const sources = isSeq<ParsedNode>(value) ? value.items : value === null ? [] : [value];
    return sources.some((source) => {
      const merged = exactValueOf(source, drafting.document);
      return isExactObject(merged) && Object.hasOwn(merged, key);
    });
  });
}

function patchWritten(member: Member, path: readonly string[], operation: PatchOperation): void {
  const pointer = path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const inner = copyJson({ ...operation, path: pointer }) as unknown as jsonPatch.Operation;
  const result = jsonPatch.applyPatch(member.written, [inner], true, true).newDocument;
  member.written = result as ExactValue;
}

/** The draft of a member's value; `undefined` where another path led to the same anchored node before. */
function innerDraft(drafting: Drafting, draft: Draft, member: Member, route: string): Draft | undefined {
  if (member.inner !== undefined) {
    return isFirstRoute(drafting, member.inner.node as ParsedNode, route) ? member.inner : undefined;
  }
  const value = member.position === undefined ? undefined : valueNode(draft.node, member.position);
  if (value == null) throw new UnusualText();
  const inner = draftOf(drafting, value, route);
  if (inner !== undefined) member.inner = inner;
  return inner;
}

/** The node of a member's value: null where not even a colon is written. */
export function valueNode(node: CollectionNode, position: number): ParsedNode | null | undefined {
  return isMap(node) ? (node as MapNode).items[position]?.value : (node as ListNode).items[position];
}

function draftOf(drafting: Drafting, node: ParsedNode, route: string): Draft | undefined {
  const target = isAlias(node) ? drafting.document.targets.get(node) : node;
  if (!isMap(target) && !isSeq(target)) throw new UnusualText();
  if (!isFirstRoute(drafting, target, route)) return undefined;
  const known = drafting.drafts.get(target);
  if (known !== undefined) return known;
  const draft = makeDraft(target as CollectionNode, drafting.document);
  drafting.drafts.set(target, draft);
  return draft;
}

function isFirstRoute(drafting: Drafting, node: ParsedNode, route: string): boolean {
  if (isAlias(node) || node.anchor === undefined) return true;
  const first = drafting.routes.get(node);
  if (first === undefined) drafting.routes.set(node, route);
  return first === undefined || first === route;
}

/** A draft of a node in which nothing is done yet. */
export function makeDraft(node: CollectionNode, { targets }: ParsedDocument): Draft {
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
  return { node, members };
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
