import { expect } from 'chai';
import fc from 'fast-check';
import { Document } from 'yaml';
import { applyPatch } from '../../src/core/applyPatch.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { makeOperations } from '../../src/core/operations.ts';
import type { Patch } from '../../src/core/patch.ts';
import { editManifest } from '../../src/manifest/editManifest.ts';
import { readManifest } from '../../src/manifest/readManifest.ts';

function edit(text: string, patch: Patch, index = 0): string {
  const document = readManifest(text, 'in.yaml')[index];
  if (document === undefined) throw new Error('no such document');
  return editManifest(text, [{ document, patch }]);
}

const addC: Patch = [{ op: 'add', path: '/a/c', value: { d: [1, 'yes'] } }];

describe('editManifest', () => {
  const cases: readonly (readonly [string, string, Patch, string])[] = [
    [
      'adds below, in the style of the text',
      'a:\n    b: 1 # one\n    # about what follows\nz: 2\n',
      addC,
      'a:\n    b: 1 # one\n    c:\n        d:\n          - 1\n          - "yes"\n    # about what follows\nz: 2\n',
    ],
    [
      'indents lists where the text does',
      'l:\n  - x\na:\n  b: 1\n',
      addC,
      'l:\n  - x\na:\n  b: 1\n  c:\n    d:\n      - 1\n      - "yes"\n',
    ],
    [
      'keeps CRLF',
      'a:\r\n  b: 1\r\nz: 2\r\n',
      addC,
      'a:\r\n  b: 1\r\n  c:\r\n    d:\r\n    - 1\r\n    - "yes"\r\nz: 2\r\n',
    ],
    ['adds to a map on one line', 'a: { b: 1 } # one\n', addC, 'a: { b: 1, c: { d: [ 1, "yes" ] } } # one\n'],
    ['fills an empty map', 'a: {} # none\nz: 2\n', addC, 'a: # none\n  c:\n    d:\n    - 1\n    - "yes"\nz: 2\n'],
    ['fills a null', 'a:\nz: 2\n', [{ op: 'add', path: '/a', value: { c: 1 } }], 'a:\n  c: 1\nz: 2\n'],
    ['fills a written null', 'a: null # none\nz: ~\n', [{ op: 'add', path: '/a', value: 'x' }], 'a: x # none\nz: ~\n'],
    [
      'adds after a block of text',
      'a:\n  b: |\n    text\n    more\nz: 2\n',
      [{ op: 'add', path: '/a/c', value: 1 }],
      'a:\n  b: |\n    text\n    more\n  c: 1\nz: 2\n',
    ],
    ['adds where no line ends the text', 'a:\n  b: 1', [{ op: 'add', path: '/a/c', value: 1 }], 'a:\n  b: 1\n  c: 1'],
    [
      'replaces a scalar',
      'a:\n  b: "old" # one\n',
      [{ op: 'add', path: '/a/b', value: 'new' }],
      'a:\n  b: new # one\n',
    ],
    [
      'appends to a list',
      'a:\n- x: 1\n  y: 2\nz: 2\n',
      [{ op: 'add', path: '/a/-', value: { x: 3 } }],
      'a:\n- x: 1\n  y: 2\n- x: 3\nz: 2\n',
    ],
    ['appends to a list on one line', 'a: [x]\n', [{ op: 'add', path: '/a/-', value: 'no' }], 'a: [x, "no"]\n'],
    ['fills an empty list', 'a: []\n', [{ op: 'add', path: '/a/-', value: { x: 3 } }], 'a:\n- x: 3\n'],
    [
      'adds to minified JSON',
      '{"a":{"b":1},"z":[]}',
      [...addC, { op: 'add', path: '/z/-', value: 'x' }],
      '{"a":{"b":1,"c":{"d":[1,"yes"]}},"z":["x"]}',
    ],
    [
      'adds to printed JSON',
      '{\n    "a": {\n        "b": 1\n    },\n    "e": {}\n}\n',
      [...addC, { op: 'add', path: '/e/x', value: 1 }],
      '{\n    "a": {\n        "b": 1,\n        "c": {\n            "d": [\n                1,\n                "yes"\n            ]\n        }\n    },\n    "e": {\n        "x": 1\n    }\n}\n',
    ],
    [
      'leaves big integers and other documents alone',
      'big: 123456789012345678901\n---\na: {b: 0777}\n',
      [],
      'big: 123456789012345678901\n---\na: {b: 0777}\n',
    ],
    ['removes', 'a:\n  b: 1\n  c: 2\n', [{ op: 'remove', path: '/a/b' }], 'a:\n  c: 2\n'],
    [
      'writes out what an anchor shares, and changes the one place alone',
      '# top\nx: &s\n  b: 1\na: *s\n',
      [{ op: 'add', path: '/a/c', value: 1 }],
      '# top\nx:\n  b: 1\na:\n  b: 1\n  c: 1\n',
    ],
    [
      'writes out what is merged in',
      'x: &s\n  b: { y: 1 }\na:\n  <<: *s\n',
      [{ op: 'add', path: '/a/b/c', value: 1 }],
      'x:\n  b: { y: 1 }\na:\n  b: { y: 1, c: 1 }\n',
    ],
  ];
  for (const [name, before, patch, after] of cases) it(name, () => expect(edit(before, patch)).to.equal(after));

  it('edits one document of several', () => {
    expect(edit('a: 1\n---\nb:\n  c: 1\n---\nd: 1\n', [{ op: 'add', path: '/b/e', value: 2 }], 1)).to.equal(
      'a: 1\n---\nb:\n  c: 1\n  e: 2\n---\nd: 1\n',
    );
  });

  it('comes to what the patch says, whatever the document and its style', function () {
    this.timeout(60_000);
    const key = fc.constantFrom('a', 'b', 'c d', 'yes', '0777', '#x', 'k: v', '-');
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<Json>(null, true, 1, 0.5, '', 'x', 'yes', '0o17', 'a: b', '# no', 'two\nlines\n', 'null', ' '),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    const object = fc.dictionary(key, value, {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }) as fc.Arbitrary<JsonObject>;
    const style = fc.record({
      indent: fc.constantFrom(2, 4),
      indentSeq: fc.boolean(),
      flow: fc.boolean(),
      json: fc.constantFrom(undefined, undefined, 0, 2),
      crlf: fc.boolean(),
    });
    fc.assert(
      fc.property(
        object,
        fc.array(fc.tuple(fc.array(fc.nat(3), { maxLength: 4 }), key, value), { minLength: 1, maxLength: 3 }),
        style,
        (document, additions, { json, flow, crlf, ...options }) => {
          const patch = makePatch(document, additions);
          const node = new Document(document, { version: '1.1' });
          if (flow) (node.contents as unknown as { flow: boolean }).flow = true;
          const plain =
            json === undefined ? node.toString({ ...options, lineWidth: 0 }) : JSON.stringify(document, null, json);
          const text = crlf ? plain.replaceAll('\n', '\r\n') : plain;
          const [read] = readManifest(text, 'in.yaml');
          if (read === undefined) return;
          const edited = editManifest(text, [{ document: read, patch }]);
          expect(readManifest(edited, 'out.yaml')[0]?.value).to.deep.equal(applyPatch(read.value, patch));
        },
      ),
      { numRuns: 3000 },
    );
  });
});

/** Additions at places that the document has, chosen by numbers: the n-th child, of its n-th child, and so on. */
function makePatch(document: JsonObject, choices: readonly (readonly [readonly number[], string, Json])[]): Patch {
  const additions = choices.map(([steps, key, value]) => {
    const path: string[] = [];
    let here: Json = document;
    for (const step of steps) {
      const keys: string[] = typeof here === 'object' && here !== null ? Object.keys(here) : [];
      const next = keys[step % Math.max(keys.length, 1)];
      if (next === undefined) break;
      const child: Json = (here as { [key: string]: Json })[next] ?? null;
      if (typeof child !== 'object' || child === null) break;
      path.push(next);
      here = child;
    }
    return { path: [...path, Array.isArray(here) ? '-' : key], value };
  });
  // No addition may go below what another one replaces, nor to the very place.
  const isBelow = (path: readonly string[], other: readonly string[]): boolean =>
    path.at(-1) === '-' && other.length === path.length ? false : other.every((key, index) => path[index] === key);
  const apart = additions.filter(
    ({ path }, index) => !additions.some((other, place) => place !== index && isBelow(path, other.path)),
  );
  return makeOperations(document, apart);
}
