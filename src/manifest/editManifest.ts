import { applyPatch } from '../core/applyPatch.ts';
import { isSameJson } from '../core/json.ts';
import type { ManifestDocument } from './readManifest.ts';
import { ManifestError, readManifest } from './readManifest.ts';
import { rewriteDocument } from './rewriteDocument.ts';
import type { DocumentEdit, Splice } from './splice.ts';
import { spliceDocument } from './spliceDocument.ts';

/**
 * Makes patches as edits of the text that the documents were read from. Comments, order, quoting, indentation and line
 * ends stay; every line that is not concerned stays byte for byte. Where an edit of the text alone will not do (an
 * alias, a removal), that one document is written anew, its comments kept.
 *
 * The result is read again and held against what fast-json-patch makes of the documents.
 *
 * @throws {ManifestError} where neither way comes to that; the text is never returned wrong.
 */
export function editManifest(text: string, edits: readonly DocumentEdit[]): string {
  const patches = joinByDocument(edits.filter(({ patch }) => patch.length > 0));
  if (patches.length === 0) return text;
  const ways = patches.map((edit) => spliceDocument(text, edit) ?? rewriteDocument(text, edit));
  const edited = applySplices(text, ways.flat());
  const wrong = findWrong(edited, patches);
  if (wrong.length === 0) return edited;

  const rewritten = patches.map((edit, index) =>
    wrong.includes(edit) ? rewriteDocument(text, edit) : (ways[index] ?? []),
  );
  const again = applySplices(text, rewritten.flat());
  const [stillWrong] = findWrong(again, patches);
  if (stillWrong === undefined) return again;
  throw new ManifestError(`document ${stillWrong.document.index}: cannot be edited without changing what it says`);
}

/** The items of a List are patched one by one, and stand in one document. */
function joinByDocument(edits: readonly DocumentEdit[]): readonly DocumentEdit[] {
  const joined = new Map<number, DocumentEdit>();
  for (const edit of edits) {
    const before = joined.get(edit.document.index)?.patch ?? [];
    joined.set(edit.document.index, { document: edit.document, patch: [...before, ...edit.patch] });
  }
  return [...joined.values()];
}

function applySplices(text: string, splices: readonly Splice[]): string {
  let result = '';
  let position = 0;
  // The sort is stable: what is put in at one place and depth stays in the order of the patch.
  const inOrder = [...splices].sort((left, right) => left.start - right.start || right.depth - left.depth);
  for (const splice of inOrder) {
    result += text.slice(position, splice.start) + splice.text;
    position = Math.max(position, splice.end);
  }
  return result + text.slice(position);
}

function findWrong(edited: string, edits: readonly DocumentEdit[]): readonly DocumentEdit[] {
  const documents = readBack(edited);
  return edits.filter(({ document, patch }) => {
    const result = documents.find(({ index }) => index === document.index);
    return result === undefined || !isSameJson(result.value, applyPatch(document.value, patch));
  });
}

function readBack(edited: string): readonly ManifestDocument[] {
  try {
    return readManifest(edited, 'edited');
  } catch (error) {
    if (error instanceof ManifestError) return [];
    throw error;
  }
}
