import type { ParsedNode } from 'yaml';
import { isAlias, isCollection, isMap, isSeq } from 'yaml';
import type { Patch } from '../core/json/patch.ts';
import type { Draft, Drafting } from './draft.ts';
import { draftPatch, makeDraft, newDrafting, valueNode } from './draft.ts';
import { exactValueOf, isExactObject, isMergeKey, isSameValue } from './nodeValue.ts';
import { childNodes } from './parseDocument.ts';
import { applySplices } from './splice.ts';
import { spliceDraft } from './spliceDraft.ts';
import type { Surroundings } from './surroundingStyle.ts';
import type { CollectionNode, MapNode } from './textLayout.ts';
import { UnusualText } from './textLayout.ts';

/**
 * The text with those aliases and `<<` written out whose anchors a patch would change, so that it changes no other
 * place. `undefined` where there are none.
 *
 * @throws {UnusualText} where the text is written in a way that no splice is made for.
 */
export function inlineAliases(surroundings: Surroundings, patch: Patch): string | undefined {
  const drafting = draftWhatGoes(surroundings, patch);
  const draft = inlineIn(surroundings, surroundings.root, { drafting, changed: findChanged(surroundings, drafting) });
  return draft === undefined ? undefined : applySplices(surroundings.text, spliceDraft(surroundings, draft));
}

function draftWhatGoes({ document, root }: Surroundings, patch: Patch): Drafting {
  const drafting = newDrafting(document);
  for (const operation of patch) {
    try {
      draftPatch(drafting, root, [operation]);
    } catch (error) {
      if (!(error instanceof UnusualText)) throw error;
    }
  }
  return drafting;
}

/** The nodes that will say something else: those that are patched, those around them, and those that go. */
function findChanged({ parents }: Surroundings, { drafts }: Drafting): ReadonlySet<ParsedNode> {
  const changed = new Set<ParsedNode>();
  const addWithin = (node: ParsedNode): void => {
    changed.add(node);
    for (const child of childNodes(node)) addWithin(child);
  };
  for (const { node, members } of drafts.values()) {
    for (let at: CollectionNode | undefined = node; at !== undefined; at = parents.get(at as ParsedNode)) {
      changed.add(at as ParsedNode);
    }
    for (const { position, isRemoved, written } of members) {
      const value = position === undefined ? undefined : valueNode(node, position);
      if (value != null && (isRemoved || written !== undefined)) addWithin(value);
    }
  }
  return changed;
}

interface Inlining {
  readonly drafting: Drafting;
  readonly changed: ReadonlySet<ParsedNode>;
}

function inlineIn(surroundings: Surroundings, node: ParsedNode, inlining: Inlining): Draft | undefined {
  if (!isCollection(node)) return undefined;
  const draft = makeDraft(node as CollectionNode, surroundings.document);
  let isChanged = isMap(node) && inlineMerges(surroundings, draft, inlining);
  for (const member of draft.members) {
    const value = member.position === undefined || member.isRemoved ? null : valueNode(draft.node, member.position);
    if (value == null) continue;
    if (isAlias(value) && isChangedTarget(surroundings, value, inlining)) {
      member.written = exactValueOf(value, surroundings.document);
    } else {
      member.inner = inlineIn(surroundings, value, inlining);
    }
    if (member.written !== undefined || member.inner !== undefined) isChanged = true;
  }
  return isChanged ? draft : undefined;
}

function isChangedTarget({ document }: Surroundings, node: ParsedNode, { changed }: Inlining): boolean {
  const target = isAlias(node) ? document.targets.get(node) : undefined;
  return target !== undefined && changed.has(target);
}

function inlineMerges(surroundings: Surroundings, draft: Draft, inlining: Inlining): boolean {
  const { items } = draft.node as MapNode;
  const merges = items.filter(({ key }) => isMergeKey(key));
  const sources = merges.flatMap(({ value }) =>
    isSeq<ParsedNode>(value) ? value.items : value === null ? [] : [value],
  );
  const isPatched = sources.length > 0 && inlining.drafting.drafts.has(draft.node as ParsedNode);
  if (!isPatched && !sources.some((source) => isChangedTarget(surroundings, source, inlining))) return false;
  const full = exactValueOf(draft.node as ParsedNode, surroundings.document);
  if (!isExactObject(full)) return false;
  const missing = new Set(Object.keys(full));
  for (const member of draft.members) {
    if (member.key === undefined) {
      member.isRemoved = true;
      continue;
    }
    missing.delete(member.key);
    const own = member.position === undefined ? undefined : valueNode(draft.node, member.position);
    const value = own == null ? null : exactValueOf(own, surroundings.document);
    if (!isSameValue(value, full[member.key])) member.written = full[member.key];
  }
  for (const key of missing) {
    draft.members.push({ key, position: undefined, isRemoved: false, written: full[key], inner: undefined });
  }
  return true;
}
