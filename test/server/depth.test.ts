import { expect } from 'chai';
import fc from 'fast-check';
import type { Json } from '../../src/core/json/json.ts';
import { isNestedDeeper } from '../../src/server/depth.ts';
import { bySeed, tries } from '../property.ts';

/** How deep objects and lists are nested in a value. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe(`depth ${bySeed}`, () => {
  it('agrees with the depth of the value, whatever stands in strings', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('[', '{', ']', '}', '"', '\\', '\\"', '\\\\', '[{"\\\\\\"'));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'large' }, text, tie('list'), tie('object')),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      object: fc.dictionary(text, tie('tree'), { maxKeys: 3 }),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const depth = depthOf(value);
        expect(isNestedDeeper(value as Json, depth)).to.equal(false);
        expect(isNestedDeeper(value as Json, Math.max(depth - 1, 0))).to.equal(depth > 0);
      }),
      tries(3000),
    );
  });

  it('passes over what is exempt, there alone', () => {
    const deep = [[[[]]]];
    expect(isNestedDeeper({ a: { deep } }, 4)).to.equal(true);
    expect(isNestedDeeper({ a: { deep } }, 4, new Set([deep]))).to.equal(false);
    expect(isNestedDeeper({ a: { deep }, b: [[[[[]]]]] }, 4, new Set([deep]))).to.equal(true);
  });
});
