import { isGlobProblem } from '../../../src/core/policy/glob.ts';
import type { ImagePatterns } from '../../../src/core/policy/imagePattern.ts';
import { compileImagePatterns, readImagePattern } from '../../../src/core/policy/imagePattern.ts';

/** Compiles patterns as texts. */
export function compile<Entry>(
  entries: readonly { readonly images: readonly string[]; readonly entry: Entry }[],
): ImagePatterns<Entry> {
  return compileImagePatterns(
    entries.map(({ images, entry }) => ({
      entry,
      images: images.map((text) => {
        const pattern = readImagePattern(text);
        if (isGlobProblem(pattern)) throw new Error(`${text}: ${pattern.problem}`);
        return pattern;
      }),
    })),
  );
}
