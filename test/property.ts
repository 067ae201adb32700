// How property tests try: by a seed that is always the same one unless somebody asks for another, so that what fails
// once fails again, and by a number of tries that one variable turns up for all of them.
//
//   PROPERTY_SEED   a number, or `random`; the run begins by saying which one it is
//   PROPERTY_RUNS   how often the longest properties try; the others go in proportion
//
// Mocha loads this file first, so that properties that name no number of tries go by it as well.

import fc from 'fast-check';

/** What `make test` and CI try by. */
const usualSeed = 1;

/** How often the longest ones try. */
const usualRuns = 10_000;

/** fast-check's own number, for properties that name none. */
const defaultRuns = 100;

/** fast-check takes 32 bits. */
const seeds = 2 ** 31;

/** @throws {Error} for what is no seed: a slip would pass for a search by chance. */
export function readSeed(text: string | undefined): number {
  if (text === undefined || text === '') return usualSeed;
  if (text === 'random') return Math.floor(Math.random() * seeds);
  if (!/^\d+$/.test(text) || Number(text) >= seeds)
    throw new Error(`PROPERTY_SEED=${text}: must be a number or random`);
  return Number(text);
}

/** @throws {Error} for what is no number. */
export function readFactor(text: string | undefined): number {
  if (text === undefined || text === '') return 1;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`PROPERTY_RUNS=${text}: must be a number`);
  return Number(text) / usualRuns;
}

const factor = readFactor(process.env['PROPERTY_RUNS']);

export const seed = readSeed(process.env['PROPERTY_SEED']);

/** For the title of a property, or of those around it: what repeats it. */
export const bySeed = `(PROPERTY_SEED=${seed})`;

/** How often a property tries that usually tries so often. */
export function runsOf(usual: number): number {
  return Math.ceil(usual * factor);
}

/** What `fc.assert` takes, for a property that usually tries so often. */
export function tries(usual: number = usualRuns): { readonly numRuns: number; readonly seed: number } {
  return { numRuns: runsOf(usual), seed };
}

/** How long it may take, in milliseconds, if it usually may take so long. */
export function millisecondsFor(usual: number): number {
  return Math.ceil(usual * Math.max(1, factor));
}

fc.configureGlobal(tries(defaultRuns));

export const mochaHooks = {
  beforeAll: (): void => {
    process.stderr.write(`PROPERTY_SEED=${seed}\n`);
  },
};
