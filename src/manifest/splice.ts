import type { Patch } from '../core/patch.ts';
import type { ManifestDocument } from './readManifest.ts';

/** A patch for one document of a manifest. */
export interface DocumentEdit {
  readonly document: ManifestDocument;
  readonly patch: Patch;
}

/** What stands from `start` to `end` in the text makes way for something else. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Of splices at one place the deeper comes first: what belongs to an inner block ends before the outer one goes on. */
  readonly depth: number;
}
