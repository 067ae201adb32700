import { expect } from 'chai';
import fc from 'fast-check';
import { findTrouble, mostCost } from '../../src/server/jsonCost.ts';
import { bySeed, tries } from '../property.ts';

function look(text: string, deepest = 64): ReturnType<typeof findTrouble> {
  return findTrouble(Buffer.from(text), deepest);
}

function list(count: number, item: (index: number) => string): string {
  return `[${Array.from({ length: count }, (_, index) => item(index)).join(',')}]`;
}

const affinityTerm = '{"labelSelector":{},"topologyKey":"a","namespaceSelector":{}}';

function updateOf(object: string, oldObject = object): string {
  return `{"request":{"object":${object},"oldObject":${oldObject}}}`;
}

/** How deep objects and lists are nested in a value. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe(`findTrouble ${bySeed}`, () => {
  it('agrees with the depth of the value, whatever stands in strings', () => {
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
        expect(look(written, depth)).to.equal(undefined);
        if (depth > 0) expect(look(written, depth - 1)).to.equal('tooDeep');
      }),
      tries(3000),
    );
  });

  it('finds none in what can be stored: 1.5 MiB in protobuf', () => {
    const storable = [
      // Two bytes and what is in it, for each.
      list(300_000, () => '{"name":"a"}'),
      list(174_000, () => affinityTerm),
      list(131_000, () => '{"name":"a","valueFrom":{"configMapKeyRef":{"key":"a"}}}'),
      list(174_000, () => '{"configMapRef":{"name":"a"}}'),
      list(143_000, () => '{"containerPort":80,"protocol":"TCP"}'),
      list(157_000, () => '{"operator":"Exists"}'),
      list(780_000, () => '""'),
      // An update of debug containers brings the pod and the old one.
      updateOf(list(600_000, () => '""')),
      updateOf(list(174_000, () => affinityTerm)),
      list(780_000, () => '1'),
      list(150_000, (index) => `"a${index}"`),
      `{${list(150_000, (index) => `"l${index}":""`).slice(1, -1)}}`,
      list(31_000, (index) => `{"name":"c${index}","image":"a","resources":{},"terminationMessagePolicy":"File"}`),
      list(100_000, (index) => `{"name":"v${index}","mountPath":"/${index}"}`),
      `"${'\\u003c'.repeat(3_000_000)}"`,
    ];
    for (const text of storable) expect(look(text), text.slice(0, 60)).to.equal(undefined);
  });

  it('finds it in what takes long to parse', () => {
    const size = 8 * 1024 * 1024;
    const costly = [
      list(size / 3, () => '{}'),
      list(size / 3, () => '[]'),
      list(size / 3, () => '""'),
      list(size / 12, (index) => `{"k${index}":1}`),
      list(size / 30, (index) => `{"a${index % 1000}":1,"b${index % 997}":2}`),
      `{${list(size / 12, (index) => `"k${index}":1`).slice(1, -1)}}`,
    ];
    costly.push(
      // With space before the colon a key is one as well; keys that are numbers make an object a dictionary.
      list(size / 14, (index) => `{"k${index}" :1}`),
      list(size / 14, (index) => `{"k${index}"\n\t\r :1}`),
      list(size / 18, () => '{"4294967001":1}'),
      list(size / 23, () => '{"\\u0034294967001":1}'),
    );
    const half = list(600_000, () => '""');
    costly.push(
      updateOf(
        '{}',
        list(size / 3, () => '""'),
      ),
      updateOf(
        list(size / 3, () => '""'),
        '{}',
      ),
      // Only the first old object has a bound of its own, and only in the request.
      `{"request":{"object":${half},"oldObject":${half},"oldObject":${half}}}`,
      `{"object":${half},"oldObject":${half}}`,
      `{"request":{"object":{"x":${half},"oldObject":${half}}}}`,
    );
    for (const text of costly) expect(look(text), text.slice(0, 60)).to.equal('tooCostly');
    expect(look('['.repeat(size))).to.equal('tooDeep');
  });

  it('takes time in proportion to the text, however hostile', () => {
    const hostile = ['"', '\\', '\\"', '"\\', '[]', '"[', '{"a":', '"a":', '"" ', '""   '].map((piece) =>
      Buffer.from(`"${piece.repeat(8_000_000 / piece.length)}`),
    );
    const start = performance.now();
    for (const text of hostile) findTrouble(text, 64, mostCost * 1000);
    expect(performance.now() - start).to.be.below(5000);
  });
});
