import jsonPatch from 'fast-json-patch';
import type { Json } from './json.ts';
import type { Patch } from './patch.ts';

/**
 * The document that a patch makes of another; neither is modified.
 *
 * @throws where the patch was made for another document.
 */
export function applyPatch(document: Json, patch: Patch): Json {
  // fast-json-patch puts the operations' own values into the result, so it gets copies of both.
  const operations = structuredClone(patch) as unknown as jsonPatch.Operation[];
  return jsonPatch.applyPatch(structuredClone(document), operations, true).newDocument;
}
