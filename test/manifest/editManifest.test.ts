import { expect } from 'chai';
import fc from 'fast-check';
import { Document, stringify } from 'yaml';
import { applyPatch } from '../../src/core/json/applyPatch.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { makeOperations } from '../../src/core/json/operations.ts';
import type { Patch } from '../../src/core/json/patch.ts';
import { editManifest } from '../../src/manifest/editManifest.ts';
import { ManifestError, readManifest } from '../../src/manifest/readManifest.ts';
import { bySeed, millisecondsFor, tries } from '../property.ts';

function edit(text: string, patch: Patch, index = 0): string {
  const document = readManifest(text, 'in.yaml')[index];
  if (document === undefined) throw new Error('no such document');
  return editManifest(text, [{ document, patch }]).text;
}

const addC: Patch = [{ op: 'add', path: '/a/c', value: { d: [1, 'yes'] } }];

describe('editManifest', () => {
  const cases: readonly (readonly [string, string, Patch, string])[] = [
    [
      'adds below, in the style of the text',
      'a:\n    b: 1 # one\n    # about what follows\nz: 2\n',
      addC,
      'a:\n    b: 1 # one\n    c:\n        d:\n        - 1\n        - "yes"\n    # about what follows\nz: 2\n',
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
    [
      'adds after quoted text that stands further out than its key',
      'a:\n  b: "one\ntwo" # one\nz: [\'\n  x\n\']\n',
      [
        { op: 'add', path: '/a/c', value: 1 },
        { op: 'add', path: '/z/-', value: 'w' },
      ],
      'a:\n  b: "one\ntwo" # one\n  c: 1\nz: [\'\n  x\n\', w]\n',
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
      'inserts into a list and leaves the rest as it is',
      '# head\nl:\n- a   # one\n- b\nz:    "x"   # keep\n\n\ny: [ 1,2 ]\n',
      [{ op: 'add', path: '/l/1', value: 'm' }],
      '# head\nl:\n- a   # one\n- m\n- b\nz:    "x"   # keep\n\n\ny: [ 1,2 ]\n',
    ],
    [
      'inserts before all others',
      'l:\n  - a: 1\n    b: 2\n',
      [{ op: 'add', path: '/l/0', value: { c: 3 } }],
      'l:\n  - c: 3\n  - a: 1\n    b: 2\n',
    ],
    ['removes the first key of an item', 'l:\n- a: 1\n  b: 2\n', [{ op: 'remove', path: '/l/0/a' }], 'l:\n- b: 2\n'],
    ['removes all of a map', 'a:\n  b: 1\nz: 2\n', [{ op: 'remove', path: '/a/b' }], 'a: {}\nz: 2\n'],
    [
      'replaces and keeps the spacing',
      'a:   1   # c\nb:   "x"\n',
      [{ op: 'replace', path: '/a', value: 2 }],
      'a:   2   # c\nb:   "x"\n',
    ],
    [
      'keeps the digits of big integers and all spelling of numbers',
      'id: 9007199254740993\nm: 0644\nx: 0x1F\nr: 1\nl: [1]\n',
      [
        { op: 'remove', path: '/r' },
        { op: 'add', path: '/l/0', value: 2 },
      ],
      'id: 9007199254740993\nm: 0644\nx: 0x1F\nl: [2, 1]\n',
    ],
    [
      'finds keys that are written as numbers and words',
      '1: {}\nyes:\n  b: 1\n0777:\n  b: 1\n',
      [
        { op: 'add', path: '/1/x', value: 1 },
        { op: 'add', path: '/true/c', value: 1 },
        { op: 'add', path: '/511/c', value: 1 },
      ],
      '1:\n  x: 1\nyes:\n  b: 1\n  c: 1\n0777:\n  b: 1\n  c: 1\n',
    ],
    [
      'keeps the indentation of JSON with tabs',
      '{\n\t"a": {\n\t\t"b": 1\n\t},\n\t"e": {}\n}\n',
      [
        { op: 'add', path: '/a/c', value: { d: 1 } },
        { op: 'add', path: '/e/x', value: [1] },
      ],
      '{\n\t"a": {\n\t\t"b": 1,\n\t\t"c": {\n\t\t\t"d": 1\n\t\t}\n\t},\n\t"e": {\n\t\t"x": [\n\t\t\t1\n\t\t]\n\t}\n}\n',
    ],
    [
      'quotes where braces do',
      'a: {"b": "x"}\n',
      [{ op: 'add', path: '/a/c', value: 'y' }],
      'a: {"b": "x", "c": "y"}\n',
    ],
    [
      'leaves a comment with the entry that it is about',
      'a: {\n  b: 1 # one\n}\n',
      [{ op: 'add', path: '/a/c', value: 2 }],
      'a: {\n  b: 1, # one\n  c: 2\n}\n',
    ],
    [
      'follows the indentation around the place, not that at the top',
      'x:\n- 1\nspec:\n    l:\n      - a: 1\n',
      [{ op: 'add', path: '/spec/l/-', value: { m: ['q'] } }],
      'x:\n- 1\nspec:\n    l:\n      - a: 1\n      - m:\n          - q\n',
    ],
    [
      'quotes what other readers of YAML would take for something else',
      'a:\n  b: 1\n',
      [
        {
          op: 'add',
          path: '/a/c',
          value: ['1:30', '2001-01-01', '=', '<<', '10.0.0.1', 'nginx:1.2', 'tab\t', '--x', ''],
        },
      ],
      'a:\n  b: 1\n  c:\n  - "1:30"\n  - "2001-01-01"\n  - "="\n  - "<<"\n  - 10.0.0.1\n  - nginx:1.2\n  - "tab\\t"\n  - --x\n  - ""\n',
    ],
    [
      'adds before the end mark of a document',
      'a: 1\n...\n',
      [{ op: 'add', path: '/b', value: 2 }],
      'a: 1\nb: 2\n...\n',
    ],
  ];
  for (const [name, before, patch, after] of cases) it(name, () => expect(edit(before, patch)).to.equal(after));

  it('edits one document of several', () => {
    expect(edit('a: 1\n---\nb:\n  c: 1\n---\nd: 1\n', [{ op: 'add', path: '/b/e', value: 2 }], 1)).to.equal(
      'a: 1\n---\nb:\n  c: 1\n  e: 2\n---\nd: 1\n',
    );
  });

  const anew = 'written anew by the YAML library, its spacing may have changed: ';
  const rewritings: readonly (readonly [string, string, Patch, string, string])[] = [
    [
      'writes out an alias that changes, its anchor as it was',
      '# top\nx: &s\n  b: 1 # one\na:   *s # same\n',
      [{ op: 'add', path: '/a/c', value: 1 }],
      '# top\nx: &s\n  b: 1 # one\na:\n  # same\n  b: 1\n  c: 1\n',
      'in.yaml:4:6: document 1: an alias stands for what changes',
    ],
    [
      'writes out an alias that stays as it is, where its anchor changes',
      'l:\n- s: &s\n    u: 1 # c\n- s: *s\n',
      [{ op: 'add', path: '/l/0/s/k', value: true }],
      'l:\n- s: &s\n    u: 1 # c\n    k: true\n- s:\n    u: 1\n',
      'in.yaml:1:1: document 1: an edit would change what an alias or "<<" says elsewhere',
    ],
    [
      'keeps an alias that changes as its anchor does',
      'l:\n- s: &s {u: 1} # c\n- s: *s # same\n',
      [
        { op: 'add', path: '/l/0/s/k', value: true },
        { op: 'add', path: '/l/1/s/k', value: true },
      ],
      'l:\n- s: &s { u: 1, k: true } # c\n- s: *s # same\n',
      'in.yaml:3:6: document 1: an alias stands for what changes',
    ],
    [
      'writes out an alias whose anchor goes, big integers to the last digit',
      'x: &s\n  id: 9007199254740993\na: *s\n',
      [{ op: 'remove', path: '/x' }],
      'a:\n  id: 9007199254740993\n',
      'in.yaml:1:1: document 1: an edit would change what an alias or "<<" says elsewhere',
    ],
    [
      'overrides what is merged in where it changes',
      'x: &s\n  b: { k: 1 }\na:\n  <<: *s # merged\n  d: 3 # own\n',
      [{ op: 'add', path: '/a/b/c', value: 1 }],
      'x: &s\n  b: { k: 1 }\na:\n  <<: *s # merged\n  d: 3 # own\n  b:\n    k: 1\n    c: 1\n',
      'in.yaml:4:3: document 1: what "<<" merges in changes',
    ],
    [
      'writes out what is merged in where some of it goes',
      'x: &s\n  b: 1\n  c: 2\na:\n  <<: *s\n  d: 3 # own\n',
      [{ op: 'remove', path: '/a/b' }],
      'x: &s\n  b: 1\n  c: 2\na:\n  d: 3 # own\n  c: 2\n',
      'in.yaml:5:3: document 1: what "<<" merges in changes',
    ],
    [
      'writes out what is merged in where it would override what changes',
      'x: &s\n  b: 1\n  c: 2\na:\n  b: 0\n  <<: *s\n',
      [{ op: 'replace', path: '/a/b', value: 5 }],
      'x: &s\n  b: 1\n  c: 2\na:\n  b: 5\n  c: 2\n',
      'in.yaml:1:1: document 1: an edit would change what an alias or "<<" says elsewhere',
    ],
    [
      'keeps a comment that an edit would take along',
      'l: [a, # first\n  b]\nz:    1 # last\n',
      [{ op: 'remove', path: '/l/1' }],
      'l:\n  [\n    a # first\n  ]\nz: 1 # last\n',
      'in.yaml:1:6: document 1: a comment stands beside what goes',
    ],
    [
      'does not take a tag for the new value',
      'a: !!str 5 # five\n',
      [{ op: 'replace', path: '/a', value: 5 }],
      'a: 5 # five\n',
      'in.yaml:1:1: document 1: an edit there would say something else',
    ],
    [
      'keeps CRLF',
      '? b\r\n: 1\r\nc: 2   # two\r\n',
      [{ op: 'add', path: '/b', value: { d: ['yes'] } }],
      'b:\r\n  d:\r\n  - "yes"\r\nc: 2 # two\r\n',
      'in.yaml:1:3: document 1: the colon of a key stands on another line',
    ],
    [
      'leaves JSON JSON',
      '{"b":{"c":"x"},"a"\n:1}\n',
      [
        { op: 'add', path: '/d', value: [1, 'two', {}] },
        { op: 'add', path: '/b/e', value: null },
      ],
      '{ "b": { "c": "x", "e": null }, "a": 1, "d": [ 1, "two", {} ] }\n',
      'in.yaml:1:16: document 1: the colon of a key stands on another line',
    ],
  ];
  describe('where no edit will do', () => {
    for (const [name, before, patch, after, told] of rewritings) {
      it(name, () => {
        const [document] = readManifest(before, 'in.yaml');
        if (document === undefined) throw new Error('no such document');
        const { text, rewritten } = editManifest(before, [{ document, patch }]);
        expect(text).to.equal(after);
        expect(rewritten).to.deep.equal([told.replace(/(?<=document \d+: )/, anew)]);
      });
    }

    it('leaves the other documents of a stream alone', () => {
      const text = 'a:   1\n---\n# head\n? b\n: 1\nc: 2   # two\n---\nd: 9007199254740993\n';
      const document = readManifest(text, 'in.yaml')[1];
      if (document === undefined) throw new Error('no such document');
      expect(editManifest(text, [{ document, patch: [{ op: 'replace', path: '/b', value: 3 }] }])).to.deep.equal({
        text: 'a:   1\n---\n# head\nb: 3\nc: 2 # two\n---\nd: 9007199254740993\n',
        splices: [{ start: 11, end: 39, text: '# head\nb: 3\nc: 2 # two\n' }],
        rewritten: [`in.yaml:4:3: document 2: ${anew}the colon of a key stands on another line`],
      });
    });
  });

  it('edits several documents at once, of JSON one after the other too', () => {
    const text = '{"a":1}\n{"b":{}}\n';
    const edits = readManifest(text, 'in.json').map((document) => ({
      document,
      patch: [{ op: 'add', path: '/c', value: 'x' }] as const,
    }));
    expect(editManifest(text, edits).text).to.equal('{"a":1,"c":"x"}\n{"b":{},"c":"x"}\n');
  });

  it('does not mix up places that a patch gives the same object', () => {
    const shared = { l: [1] };
    const patch: Patch = [
      { op: 'add', path: '/x', value: shared },
      { op: 'add', path: '/z', value: shared },
      { op: 'add', path: '/x/l/-', value: 2 },
    ];
    expect(edit('a: 1\n', patch)).to.equal('a: 1\nx:\n  l:\n  - 1\n  - 2\nz:\n  l:\n  - 1\n');
  });

  it('leaves the line breaks of a text that has both kinds', () => {
    const patch: Patch = [
      { op: 'add', path: '/b/d', value: { e: 1 } },
      { op: 'add', path: '/f/h', value: { i: 2 } },
    ];
    expect(edit('a: 1\r\nb:\n  c: 1\nf:\r\n  g: 1\r\n', patch)).to.equal(
      'a: 1\r\nb:\n  c: 1\n  d:\n    e: 1\nf:\r\n  g: 1\r\n  h:\r\n    i: 2\r\n',
    );
  });

  it('refuses a patch of another document', () => {
    const patch: Patch = [{ op: 'remove', path: '/nothing/here' }];
    expect(() => edit('# head\na: 1\n', patch)).to.throw(
      ManifestError,
      'in.yaml:2:1: document 1: the patch is of another document',
    );
  });

  const pods = Array.from({ length: 2000 }, (_, index) => ({
    metadata: { name: `web-${index}` },
    spec: { containers: [{ name: 'web', args: ['--port', '80'] }] },
  }));
  const long: Readonly<Record<string, string>> = {
    'pretty-printed JSON': JSON.stringify({ items: pods }, null, 4),
    'JSON on one line': JSON.stringify({ items: pods }),
    'block style': stringify({ items: pods }),
  };
  for (const [name, text] of Object.entries(long)) {
    it(`takes little longer to edit a List of 2,000 pods in ${name} than to read it`, () => {
      const patch = pods.flatMap((_, index): Patch => {
        const spec = `/items/${index}/spec`;
        return [
          { op: 'add', path: `${spec}/volumes`, value: [{ name: 'tmp', emptyDir: {} }] },
          { op: 'add', path: `${spec}/containers/0/args/-`, value: '--quiet' },
        ];
      });
      const start = cpuTime();
      const [document] = readManifest(text, 'in.yaml');
      const reading = cpuTime() - start;
      if (document === undefined) throw new Error('no such document');
      expect(editManifest(text, [{ document, patch }]).rewritten).to.deep.equal([]);
      expect(cpuTime() - start - reading).to.be.below(10 * reading);
    });
  }

  it('takes little longer to write 2,000 documents anew behind 400,000 lines than to read them', () => {
    const before = `text: |\n${'  more\n'.repeat(400_000)}`;
    const text = before + '---\na: &x\n  b: 1\nc: *x\n'.repeat(2000);
    const start = cpuTime();
    const documents = readManifest(text, 'in.yaml').slice(1);
    const reading = cpuTime() - start;
    const patch: Patch = [{ op: 'add', path: '/c/k', value: 1 }];
    const { rewritten } = editManifest(
      text,
      documents.map((document) => ({ document, patch })),
    );
    expect(rewritten).to.have.length(2000);
    expect(rewritten.at(-1)).to.match(/^in\.yaml:408001:4: document 2001: /);
    expect(cpuTime() - start - reading).to.be.below(10 * reading);
  });

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
  const choices = fc.array(fc.tuple(fc.array(fc.nat(3), { maxLength: 4 }), key, value), { minLength: 1, maxLength: 3 });

  /** Makes random additions and a removal on a text, and says whether the text was written anew. */
  function tryOn(text: string, additions: Choices, removed: number): boolean {
    const [document] = readManifest(text, 'in.yaml');
    if (document === undefined) return false;
    const patch = [...makePatch(document.value as JsonObject, additions)];
    const expected = applyPatch(document.value, patch);
    const keys = Object.keys(expected as JsonObject);
    if (removed < keys.length - 1) {
      const removal = { op: 'remove', path: `/${(keys[removed] as string).replaceAll('/', '~1')}` } as const;
      patch.push(removal);
    }
    const edited = editManifest(text, [{ document, patch }]);
    expect(readManifest(edited.text, 'out.yaml')[0]?.value).to.deep.equal(applyPatch(document.value, patch));
    return edited.rewritten.length > 0;
  }

  it(`comes to what the patch says, whatever the document and its style ${bySeed}`, function () {
    this.timeout(millisecondsFor(60_000));
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
        choices,
        style,
        fc.nat(9),
        (document, additions, { json, flow, crlf, ...options }, removed) => {
          const node = new Document(document, { version: '1.1' });
          if (flow) (node.contents as unknown as { flow: boolean }).flow = true;
          const plain =
            json === undefined ? node.toString({ ...options, lineWidth: 0 }) : JSON.stringify(document, null, json);
          tryOn(crlf ? plain.replaceAll('\n', '\r\n') : plain, additions, removed);
        },
      ),
      tries(3000),
    );
  });

  it(`comes to what the patch says, whatever aliases stand for and "<<" merges in ${bySeed}`, function () {
    this.timeout(millisecondsFor(60_000));
    let rewritten = 0;
    fc.assert(
      fc.property(object, object, object, choices, fc.nat(9), (shared, before, after, additions, removed) => {
        const merging = `${below(before)}  <<: *s\n${below(keyless(after, before))}`;
        const inner = `inner: &i\n  deep: &d\n  ${below(shared).replaceAll('\n', '\n  ').trimEnd()}\n`;
        const text = `x: &s\n${below(shared)}y: *s\nz:\n${merging}${inner}again: [*i, *d, &s 1, *s]\n`;
        if (tryOn(text, additions, removed)) rewritten += 1;
      }),
      tries(1000),
    );
    // Most additions are at the root, which no alias has to do with.
    expect(rewritten).to.be.greaterThan(tries(1000).numRuns / 10);
  });
});

/** Microseconds; unlike a clock, they do not run while others have the processor. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

type Choices = readonly (readonly [readonly number[], string, Json])[];

/** A map without the keys of another. */
function keyless(map: JsonObject, other: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !Object.hasOwn(other, key)));
}

/** Additions at places that the document has, chosen by numbers: the n-th child, of its n-th child, and so on. */
function makePatch(document: JsonObject, choices: Choices): Patch {
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

/** The lines of a map, further in. */
function below(value: JsonObject): string {
  if (Object.keys(value).length === 0) return '';
  return stringify(value, { version: '1.1', lineWidth: 0 }).replace(/^(?=.)/gm, '  ');
}
