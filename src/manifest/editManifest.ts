import jsonPatch from 'fast-json-patch';
import type { Patch, PatchOperation } from '../core/json/patch.ts';
import { draftPatch } from './draft.ts';
import { DocumentProblem, describePlace, makeLineCounter, manifestErrorAt } from './manifestError.ts';
import type { ExactValue } from './nodeValue.ts';
import { copyJson, exactValueOf, isSameValue } from './nodeValue.ts';
import { parseDocument } from './parseDocument.ts';
import type { ManifestDocument } from './readManifest.ts';
import { rewriteDocument } from './rewriteDocument.ts';
import type { Splice } from './splice.ts';
import { applySplices } from './splice.ts';
import { spliceDraft } from './spliceDraft.ts';
import { splitStream } from './splitStream.ts';
import type { Surroundings } from './surroundingStyle.ts';
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
  /** One line for each document that had to be written anew: where, and why. */
  readonly rewritten: readonly string[];
}

/**
 * Makes patches as edits of the text that the documents were read from. Comments, order, quoting, indentation and line
 * ends stay; every line that is not concerned stays byte for byte. Where no edit does that, the YAML library writes the
 * document anew: comments stay, spacing may change, and an alias of which one place alone changes is written out there.
 *
 * Each edited document is read again and held against what fast-json-patch makes of it, big integers to the last digit.
 *
 * @throws {ManifestError} where neither comes to that, or a patch is of another document; the text is never returned
 * wrong.
 */
export function editManifest(text: string, edits: readonly DocumentEdit[]): EditedManifest {
  const lineBreak = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
  const lineOf = makeLineCounter(text);
  const rewritten: string[] = [];
  const splices: Splice[] = [];
  for (const edit of joinByDocument(edits)) {
    const { source, index } = edit.document;
    const edited = editDocument(edit, lineBreak);
    if (edited.rewriting !== undefined) {
      const { offset, reason } = edited.rewriting;
      const place = describePlace(text, source.file, index, offset, lineOf(offset));
      rewritten.push(`${place}: written anew by the YAML library, its spacing may have changed: ${reason}`);
    }
    for (const { start, end, text: inserted } of edited.splices)
      splices.push({ start: source.start + start, end: source.start + end, text: inserted });
  }
  return { text: applySplices(text, splices), splices, rewritten };
}

/** The items of a List are patched one by one, and stand in one document. */
function joinByDocument(edits: readonly DocumentEdit[]): readonly DocumentEdit[] {
  const joined = new Map<number, { readonly document: ManifestDocument; readonly patch: PatchOperation[] }>();
  for (const { document, patch } of edits) {
    if (patch.length === 0) continue;
    const known = joined.get(document.index);
    if (known === undefined) joined.set(document.index, { document, patch: [...patch] });
    else for (const operation of patch) known.patch.push(operation);
  }
  return [...joined.values()];
}

interface EditedDocument {
  readonly splices: readonly Splice[];
  /** None where an edit in place did. */
  readonly rewriting: { readonly offset: number; readonly reason: string } | undefined;
}

function editDocument({ document, patch }: DocumentEdit, lineBreak: string): EditedDocument {
  const { source, index } = document;
  const { parsed, file } = source;
  const text = source.text.slice(source.start, source.end);
  const expected = patchValue(exactValueOf(parsed.root, parsed), patch);
  const start = source.start + parsed.root.range[0];
  if (expected === undefined)
    throw manifestErrorAt(source.text, file, index, start, 'the patch is of another document');
  const surroundings = findSurroundings(text, lineBreak, parsed);
  const spliced = attempt(() => spliceInPlace(surroundings, patch), text, expected);
  if (spliced.splices !== undefined) return { splices: spliced.splices, rewriting: undefined };
  const anew = attempt(() => replaceWhole(text, rewriteDocument(surroundings, expected)), text, expected);
  if (anew.splices === undefined) {
    throw manifestErrorAt(source.text, file, index, start, 'cannot be edited as the patch says');
  }
  const offset = spliced.offset === undefined ? start : source.start + spliced.offset;
  const reason =
    spliced.reason ?? (parsed.targets.size > 0 ? aliasesWouldChange : 'an edit there would say something else');
  return { splices: anew.splices, rewriting: { offset, reason } };
}

const aliasesWouldChange = 'an edit would change what an alias or "<<" says elsewhere';

type Attempt =
  | { readonly splices: readonly Splice[] }
  | { readonly splices: undefined; readonly reason: string | undefined; readonly offset: number | undefined };

/** Splices are good where the text that they make says what it is to say. */
function attempt(way: () => readonly Splice[], text: string, expected: ExactValue): Attempt {
  try {
    const splices = way();
    if (says(applySplices(text, splices), expected)) return { splices };
  } catch (error) {
    if (error instanceof UnusualText) return { splices: undefined, reason: error.message, offset: error.offset };
    if (!(error instanceof DocumentProblem)) throw error;
  }
  return { splices: undefined, reason: undefined, offset: undefined };
}

function says(edited: string, expected: ExactValue): boolean {
  const [span, second] = splitStream(edited);
  if (span === undefined || second !== undefined) return false;
  const { root, targets } = parseDocument(edited.slice(span.start, span.end));
  return root !== undefined && isSameValue(exactValueOf(root, { targets }), expected);
}

function spliceInPlace(surroundings: Surroundings, patch: Patch): readonly Splice[] {
  const { text, document, root } = surroundings;
  return spliceDraft(surroundings, draftPatch(document, root, patch)).map((splice) => followLineBreaks(text, splice));
}

function replaceWhole(text: string, replacement: string): readonly Splice[] {
  return [{ start: 0, end: text.length, text: replacement }];
}

/** In a text of both kinds of line breaks, the one behind an edit is its line's own and is to stay so. */
function followLineBreaks(text: string, splice: Splice): Splice {
  if (!splice.text.includes('\n')) return splice;
  const newline = text.indexOf('\n', splice.end);
  if (newline === -1) return splice;
  const lineBreak = text[newline - 1] === '\r' ? '\r\n' : '\n';
  return { ...splice, text: splice.text.replaceAll(/\r?\n/g, lineBreak) };
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
