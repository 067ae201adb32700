import jsonPatch from 'fast-json-patch';
import type { Patch } from '../core/json/patch.ts';
import { draftPatch, newDrafting } from './draft.ts';
import { inlineAliases } from './inlineAliases.ts';
import { DocumentProblem, manifestErrorAt } from './manifestError.ts';
import type { ExactValue } from './nodeValue.ts';
import { copyJson, exactValueOf, isSameValue } from './nodeValue.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { parseDocument } from './parseDocument.ts';
import type { ManifestDocument } from './readManifest.ts';
import { rewriteDocument } from './rewriteDocument.ts';
import type { Splice } from './splice.ts';
import { applySplices } from './splice.ts';
import { spliceDraft } from './spliceDraft.ts';
import { splitStream } from './splitStream.ts';
import { findSurroundings } from './surroundingStyle.ts';
import { UnusualText } from './textLayout.ts';

/** A patch for one document of a manifest. */
export interface DocumentEdit {
  readonly document: ManifestDocument;
  readonly patch: Patch;
}

export interface EditedManifest {
  readonly text: string;
  /** What made the text of the one before. */
  readonly splices: readonly Splice[];
  /** The documents, by index, that had to be written anew: their comments stayed, their spacing may have changed. */
  readonly rewritten: readonly number[];
}

/**
 * Makes patches as edits of the text that the documents were read from. Comments, order, quoting, indentation and line
 * ends stay; every line that is not concerned stays byte for byte. Where a change of what an anchor names is meant for
 * some of its places alone, the aliases are written out there.
 *
 * Each edited document is read again and held against what fast-json-patch makes of it, big integers to the last digit.
 *
 * @throws {ManifestError} where no way comes to that, or a patch is of another document; the text is never returned
 * wrong.
 */
export function editManifest(text: string, edits: readonly DocumentEdit[]): string {
  return editDocuments(text, edits).text;
}

/** The same, and how it was done. */
export function editDocuments(text: string, edits: readonly DocumentEdit[]): EditedManifest {
  const lineBreak = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
  const rewritten: number[] = [];
  const splices: Splice[] = [];
  for (const edit of joinByDocument(edits)) {
    const { index, source } = edit.document;
    const edited = editDocument(edit, lineBreak);
    if (edited.isRewritten) rewritten.push(index);
    for (const { start, end, text: inserted } of edited.splices)
      splices.push({ start: source.start + start, end: source.start + end, text: inserted });
  }
  return { text: applySplices(text, splices), splices, rewritten };
}

/** The items of a List are patched one by one, and stand in one document. */
function joinByDocument(edits: readonly DocumentEdit[]): readonly DocumentEdit[] {
  const joined = new Map<number, DocumentEdit>();
  for (const { document, patch } of edits) {
    if (patch.length === 0) continue;
    const before = joined.get(document.index)?.patch ?? [];
    joined.set(document.index, { document, patch: [...before, ...patch] });
  }
  return [...joined.values()];
}

interface EditedDocument {
  readonly splices: readonly Splice[];
  readonly isRewritten: boolean;
}

function editDocument({ document, patch }: DocumentEdit, lineBreak: string): EditedDocument {
  const { source, index } = document;
  const text = source.text.slice(source.start, source.end);
  const expected = patchValue(exactValueOf(source.parsed.root, source.parsed), patch);
  if (expected !== undefined) {
    for (const { write, isRewriting } of ways) {
      const splices = attempt(() => write(text, lineBreak, source.parsed, patch));
      if (splices !== undefined && makes(text, splices, expected)) return { splices, isRewritten: isRewriting };
    }
  }
  const problem = expected === undefined ? 'the patch is of another document' : 'cannot be edited as the patch says';
  const [offset] = source.parsed.root.range;
  throw manifestErrorAt(source.text, source.file, index, source.start + offset, problem);
}

type Write = (text: string, lineBreak: string, document: ParsedDocument, patch: Patch) => readonly Splice[] | undefined;

/** Ways to make a patch on a text. From the one that leaves most of the text alone to the one that always works. */
const ways: readonly { readonly write: Write; readonly isRewriting: boolean }[] = [
  { write: spliceInPlace, isRewriting: false },
  { write: spliceInlined, isRewriting: false },
  // A text without a line break at its end is to have none, but for a block scalar with `+` that says them.
  {
    write: (...input) => replaceWhole(input[0], rewrite(...input).trimEnd() + finalLineBreak(input[0])),
    isRewriting: true,
  },
  { write: (...input) => replaceWhole(input[0], rewrite(...input)), isRewriting: true },
];

function spliceInlined(
  text: string,
  lineBreak: string,
  document: ParsedDocument,
  patch: Patch,
): readonly Splice[] | undefined {
  const inlined = inlineAliases(findSurroundings(text, lineBreak, document), patch);
  if (inlined === undefined) return undefined;
  const splices = spliceInPlace(inlined, lineBreak, parseDocument(inlined), patch);
  return replaceWhole(text, applySplices(inlined, splices));
}

function replaceWhole(text: string, replacement: string): readonly Splice[] {
  return [{ start: 0, end: text.length, text: replacement }];
}

function rewrite(text: string, lineBreak: string, document: ParsedDocument, patch: Patch): string {
  return rewriteDocument(findSurroundings(text, lineBreak, document), patch);
}

function finalLineBreak(text: string): string {
  return /\r?\n$/.exec(text)?.[0] ?? '';
}

function spliceInPlace(text: string, lineBreak: string, document: ParsedDocument, patch: Patch): readonly Splice[] {
  const surroundings = findSurroundings(text, lineBreak, document);
  const drafting = newDrafting(document);
  draftPatch(drafting, surroundings.root, patch);
  const root = drafting.drafts.get(surroundings.root);
  if (root === undefined) throw new UnusualText();
  return spliceDraft(surroundings, root).map((splice) => followLineBreaks(text, splice));
}

/** In a text of both kinds of line breaks, the one behind an edit is its line's own and is to stay so. */
function followLineBreaks(text: string, splice: Splice): Splice {
  const newline = text.indexOf('\n', splice.end);
  if (newline === -1) return splice;
  const lineBreak = text[newline - 1] === '\r' ? '\r\n' : '\n';
  return { ...splice, text: splice.text.replaceAll(/\r?\n/g, lineBreak) };
}

function attempt<Result>(way: () => Result): Result | undefined {
  try {
    return way();
  } catch (error) {
    if (error instanceof UnusualText || error instanceof DocumentProblem) return undefined;
    throw error;
  }
}

/** `undefined` for a patch that cannot be made on the value. Changes the value. */
function patchValue(value: ExactValue, patch: Patch): ExactValue | undefined {
  try {
    const operations = patch.map((operation) => copyJson(operation)) as unknown as jsonPatch.Operation[];
    return jsonPatch.applyPatch(value, operations, true, true).newDocument as ExactValue;
  } catch {
    return undefined;
  }
}

function makes(text: string, splices: readonly Splice[], expected: ExactValue): boolean {
  const said = attempt(() => {
    const edited = applySplices(text, splices);
    const [span, second] = splitStream(edited);
    if (span === undefined || second !== undefined) return false;
    const { root, targets } = parseDocument(edited.slice(span.start, span.end));
    return root !== undefined && isSameValue(exactValueOf(root, { targets }), expected);
  });
  return said === true;
}
