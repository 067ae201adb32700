import { diffLines } from 'diff';
import type { Splice } from '../manifest/splice.ts';
import { applySplices } from '../manifest/splice.ts';

/** Lines that make way for others, each with its line break. */
export interface LineChange {
  /** The number, from 0, of the first line that goes, or of the one before which others come. */
  readonly line: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** Wholly different texts of thousands of lines would take minutes; beyond this all old lines go and all new ones come. */
const mostEdits = 5000;

/**
 * The lines that splices change, in order. Lines are compared only where splices are, so the time goes with the size of
 * the text, however many the changes.
 */
export function findLineChanges(text: string, splices: readonly Splice[]): readonly LineChange[] {
  const changes: LineChange[] = [];
  let line = 0;
  let offset = 0;
  for (const { start, end, inner } of findRegions(text, splices)) {
    line += splitLines(text.slice(offset, start)).length;
    const before = text.slice(start, end);
    changes.push(...compare(before, applySplices(before, inner), line));
    line += splitLines(before).length;
    offset = end;
  }
  return changes;
}

/** The lines of a text, each with its line break; the last may have none. */
export function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Whole lines, from `start` to `end`, and what happens to them. */
interface Region {
  readonly start: number;
  readonly end: number;
  /** Their offsets are from the region's start. */
  readonly inner: readonly Splice[];
}

interface GrowingRegion extends Region {
  end: number;
  readonly inner: Splice[];
}

function findRegions(text: string, splices: readonly Splice[]): readonly Region[] {
  const regions: GrowingRegion[] = [];
  for (const splice of splices.toSorted((left, right) => left.start - right.start)) {
    const region = findRegion(text, splice, regions.at(-1));
    if (region !== regions.at(-1)) regions.push(region);
    if (region.end <= splice.end) region.end = startOfNextLine(text, splice.end);
    region.inner.push({ ...splice, start: splice.start - region.start, end: splice.end - region.start });
  }
  return regions;
}

/** All splices of a long line are in its region: its ends are looked for once. */
function findRegion(text: string, splice: Splice, last: GrowingRegion | undefined): GrowingRegion {
  if (last !== undefined && splice.start < last.end) return last;
  const start = startOfLine(text, splice.start);
  return last === undefined || start > last.end ? { start, end: 0, inner: [] } : last;
}

function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

function startOfNextLine(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? text.length : newline + 1;
}

function compare(before: string, after: string, line: number): readonly LineChange[] {
  const parts = diffLines(before, after, { maxEditLength: mostEdits });
  if (parts === undefined) return [{ line, removed: splitLines(before), added: splitLines(after) }];
  const changes: LineChange[] = [];
  let at = line;
  for (const { value, added, removed } of parts) {
    const lines = splitLines(value);
    if (added) changes.push({ line: at, removed: [], added: lines });
    else if (removed) changes.push({ line: at, removed: lines, added: [] });
    if (!added) at += lines.length;
  }
  return changes;
}
