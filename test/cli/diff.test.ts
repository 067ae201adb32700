import { expect } from 'chai';
import { applyPatch, createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import fc from 'fast-check';
import { formatDiff } from '../../src/cli/diff.ts';
import type { Splice } from '../../src/manifest/splice.ts';
import { applySplices } from '../../src/manifest/splice.ts';
import { bySeed, tries } from '../property.ts';

describe('formatDiff', () => {
  it('shows what is around a change, and neighbours together', () => {
    const text = 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\n';
    const splices = [
      { start: 0, end: 0, text: 'new\n' },
      { start: 13, end: 13, text: ' and more' },
      { start: 28, end: 30, text: '' },
    ];
    expect(formatDiff('x.yaml', text, splices, false)).to.equal(`--- a/x.yaml
+++ b/x.yaml
@@ -1,10 +1,11 @@
+new
 a
 b
 c
 d
 e
 f
-g
+g and more
 h
 i
 j
@@ -12,4 +13,3 @@
 l
 m
 n
-o
`);
  });

  it('is empty where nothing changes', () => {
    expect(formatDiff('x.yaml', 'a\n', [], false)).to.equal('');
    expect(formatDiff('x.yaml', 'a\n', [{ start: 0, end: 1, text: 'a' }], false)).to.equal('');
  });

  it('says where there is no line break at the end', () => {
    expect(formatDiff('x.yaml', '{"a":1}', [{ start: 6, end: 6, text: ',"b":2' }], false)).to.equal(`--- a/x.yaml
+++ b/x.yaml
@@ -1,1 +1,1 @@
-{"a":1}
\\ No newline at end of file
+{"a":1,"b":2}
\\ No newline at end of file
`);
  });

  it('ends a name with spaces as GNU patch needs it', () => {
    const lines = formatDiff('/a b/x y.yaml', 'a\n', [{ start: 0, end: 1, text: 'b' }], false).split('\n');
    expect(lines.slice(0, 2)).to.deep.equal(['--- a/a b/x y.yaml\t', '+++ b/a b/x y.yaml\t']);
  });

  it(`makes of any text what the splices make of it ${bySeed}`, () => {
    const line = fc.constantFrom('\n', 'a\n', 'b\n', 'a', '\r\n', 'ab\n', '\n\n\n\n\n\n\n');
    const text = fc.array(line, { maxLength: 40 }).map((lines) => lines.join(''));
    const cuts = fc.array(fc.tuple(fc.nat(100), fc.nat(100), text), { maxLength: 4 });
    const property = fc.property(text, cuts, (before, cutsAt) => {
      const splices = makeSplices(before, cutsAt);
      const after = applySplices(before, splices);
      const made = formatDiff('x', before, splices, false);
      const options = { autoConvertLineEndings: false };
      expect(made === '' ? before : applyPatch(before, made, options)).to.equal(after);
    });
    fc.assert(property, tries(2000));
  });

  it(`shows what a comparison of the whole texts shows, where a line was changed or put in ${bySeed}`, () => {
    const place = fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 5 });
    const property = fc.property(place, (places) => {
      const before = Array.from({ length: 31 }, (_, line) => `line ${line}\n`);
      const starts = new Map(places.map(([line, isNew]) => [line, isNew]));
      const splices = [...starts].map(([line, isNew]) => {
        const end = before.slice(0, line + 1).join('').length - 1;
        return { start: end, end, text: isNew ? `\nafter ${line}` : ' changed' };
      });
      const text = before.join('');
      const options = { context: 3, headerOptions: FILE_HEADERS_ONLY };
      const whole = createTwoFilesPatch('a/x', 'b/x', text, applySplices(text, splices), undefined, undefined, options);
      expect(formatDiff('x', text, splices, false)).to.equal(splices.length === 0 ? '' : whole);
    });
    fc.assert(property, tries(500));
  });

  it('takes the time that the text takes, however many the changes', function () {
    this.timeout(5000);
    const text = 'kind: Pod\nspec:\n  containers: []\n'.repeat(20_000);
    const splices = Array.from({ length: 20_000 }, (_, pod) => ({ start: pod * 33, end: pod * 33, text: '# x\n' }));
    expect(formatDiff('x', text, splices, false).match(/^\+#/gm)).to.have.length(20_000);
  });
});

/** Splices that do not meet, out of any numbers. */
function makeSplices(text: string, cuts: readonly (readonly [number, number, string])[]): readonly Splice[] {
  const offsets = cuts.flatMap(([start, end]) => [start, end].map((offset) => Math.min(offset, text.length)));
  offsets.sort((left, right) => left - right);
  return cuts.map(([, , inserted], index) => ({
    start: offsets[2 * index] ?? 0,
    end: offsets[2 * index + 1] ?? 0,
    text: inserted,
  }));
}
