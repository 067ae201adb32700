import { expect } from 'chai';
import { lineOf, ManifestError, readManifest } from '../../src/manifest/readManifest.ts';

function read(text: string): unknown[] {
  return readManifest(text, 'in.yaml').map(({ value }) => value);
}

describe('readManifest', () => {
  it('reads scalars as kubectl does', () => {
    // What sigs.k8s.io/yaml says of each of these, tried one by one.
    const scalars: Readonly<Record<string, unknown>> = {
      y: true,
      Yes: true,
      on: true,
      TRUE: true,
      n: false,
      no: false,
      OFF: false,
      oFF: 'oFF',
      tRue: 'tRue',
      '0777': 511,
      '0o777': 511,
      '-0777': -511,
      '0x1F': 31,
      '0b101': 5,
      '1_000': 1000,
      '08': 8,
      '0o8': '0o8',
      '0b12': '0b12',
      '1:30': '1:30',
      '2001-01-01': '2001-01-01',
      '1e3': 1000,
      '.5': 0.5,
      '1.': 1,
      '+1': 1,
      '5e-1': 0.5,
      '~': null,
      null: null,
      '': null,
      '"yes"': 'yes',
      '!!str 5': '5',
      '=': '=',
      '.': '.',
      e5: 'e5',
      '0_': 0,
      '0x_': '0x_',
      '0X1F': 31,
      '1e400': '1e400',
      '.5_0': 0.5,
      '!!float 3': 3,
      '!!int "3"': 3,
      '0xFFFFFFFFFFFFFFFFF': '0xFFFFFFFFFFFFFFFFF',
    };
    for (const [text, value] of Object.entries(scalars)) expect(read(`a: ${text}`), text).to.deep.equal([{ a: value }]);
    expect(read('1: x\ntrue: z')).to.deep.equal([{ 1: 'x', true: 'z' }]);
    expect(read('1.10: x\n1e6: z\n0777: o')).to.deep.equal([{ '1.1': 'x', '1e+06': 'z', 511: 'o' }]);
  });

  it('counts documents by their separators and leaves out empty ones', () => {
    const documents = readManifest('# nothing\n---\na: 1\n---\n---\n# nothing\n---\nb: 2\n', 'in.yaml');
    expect(documents.map(({ index, value }) => [index, value])).to.deep.equal([
      [1, { a: 1 }],
      [4, { b: 2 }],
    ]);
    expect(read('')).to.deep.equal([]);
    expect(read('\uFEFFa: 1\r\nb: 2\r\n')).to.deep.equal([{ a: 1, b: 2 }]);
    expect(read('{"a": {"b": [1, "x"]}}')).to.deep.equal([{ a: { b: [1, 'x'] } }]);
  });

  it('reads JSON documents one after the other', () => {
    const text = '{"a": "}{"}{"b": 2}\n\n{\n  "c": 9007199254740993\n}\n';
    expect(readManifest(text, 'in.json').map(({ index, value }) => [index, value])).to.deep.equal([
      [1, { a: '}{' }],
      [2, { b: 2 }],
      [3, { c: 9007199254740992 }],
    ]);
    expect(read("{a: '}{'}")).to.deep.equal([{ a: '}{' }]);
  });

  it('takes directives and does not let them change what scalars say', () => {
    expect(read('%YAML 1.2\n---\na: yes\n')).to.deep.equal([{ a: true }]);
  });

  it('merges where the key stands, as Go does', () => {
    expect(read('a: 1\n<<: { a: 2, b: 2 }\nb: 3\n')).to.deep.equal([{ a: 2, b: 3 }]);
    expect(read('<<: [{ a: 1 }, { a: 2, b: 2 }]')).to.deep.equal([{ a: 1, b: 2 }]);
    expect(read('"<<": { a: 1 }')).to.deep.equal([{ '<<': { a: 1 } }]);
    expect(read('a: &x 1\nb: *x\nc: &x 2\nd: *x\n')).to.deep.equal([{ a: 1, b: 1, c: 2, d: 2 }]);
  });

  it('reads a map of many keys in little time', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n');
    const start = performance.now();
    readManifest(text, 'in.yaml');
    expect(performance.now() - start).to.be.below(4000);
  });

  it('resolves anchors and merge keys', () => {
    expect(read('base: &b { x: 1, z: 2 }\nuse:\n  <<: *b\n  z: 3\nsame: *b')).to.deep.equal([
      { base: { x: 1, z: 2 }, use: { x: 1, z: 3 }, same: { x: 1, z: 2 } },
    ]);
  });

  it('reads quoted text as Go does, however its lines are indented', () => {
    // What kubectl 1.37 says of it.
    const text = `metadata:
  annotations:
    a: 'one
two
  three'
    b: "x
# no comment
y" # one
    c: plain
     more
  list: ["
  for x in y; do
    z
  done
  "]
`;
    expect(read(text)).to.deep.equal([
      {
        metadata: {
          annotations: { a: 'one two three', b: 'x # no comment y', c: 'plain more' },
          list: [' for x in y; do z done '],
        },
      },
    ]);
    expect(() => read("a: 'one\n---\nb: two'\n")).to.throw(
      ManifestError,
      "in.yaml:2:1: document 1: Missing closing 'quote",
    );
    expect(() => read('a: plain\nmore\n')).to.throw(ManifestError, 'document 1: ');
  });

  it('keeps what looks like a prototype an own property', () => {
    const [value] = read('__proto__: { polluted: true }\nconstructor: x');
    expect(Object.keys(value as object)).to.deep.equal(['__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
  });

  const errors: readonly (readonly [string, string, string])[] = [
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 'in.yaml:3:1: document 1: duplicate key "a"'],
    ['a tag of its own', 'a: 1\n---\nb: !mine x\n', 'in.yaml:3:10: document 2: unknown tag !mine'],
    ['an infinity', 'a: .inf\n', 'in.yaml:1:4: document 1: JSON has no number like .inf'],
    ['an alias without an anchor', 'a: *b\n', 'in.yaml:1:4: document 1: no anchor "b" before its alias'],
    ['a key twice, once as a number', '1: a\n"1": b\n', 'in.yaml:2:1: document 1: duplicate key "1"'],
    ['a null key', '~: x\n', 'in.yaml:1:1: document 1: a key must not be null'],
    ['a list as a key', '? [a]\n: b\n', 'in.yaml:1:3: document 1: a key must be a string'],
    ['a merge of what is no map', 'a:\n  <<: 1\n', 'in.yaml:2:7: document 1: what "<<" merges in must be a map'],
    ['an alias of what it is in', 'a: &x { b: *x }\n', 'in.yaml:1:12: document 1: what "x" names contains itself'],
    [
      'a document on its separator',
      'a: 1\n--- {b: 1}\n',
      'in.yaml:2:1: document 1: nothing but a comment may follow "---" on its line',
    ],
    [
      'what kubectl would leave out',
      'a: 1\n...\nb: 2\n',
      'in.yaml:3:1: document 1: after "..." the next document needs a "---"',
    ],
    [
      'a chain of aliases that nests too deeply',
      Array.from(
        { length: 300 },
        (_, level) => `l${level}: &l${level} { x: ${level === 0 ? 1 : `*l${level - 1}`} }`,
      ).join('\n'),
      'document 1: nested deeper than 256',
    ],
    [
      'broken flow',
      'a: [1, 2\nb: 3\n',
      'in.yaml:2:1: document 1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['hostile nesting', '['.repeat(100_000), 'in.yaml:1:257: document 1: nested deeper than 256'],
    ['nesting beyond use', `${'['.repeat(300)}${']'.repeat(300)}`, 'in.yaml:1:257: document 1: nested deeper than 256'],
  ];
  for (const [name, text, message] of errors) {
    it(`refuses ${name}`, () => expect(() => readManifest(text, 'in.yaml')).to.throw(ManifestError, message));
  }

  it('refuses an alias bomb', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const use = level === 0 ? 'x' : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array(10).fill(use).join(', ')}]`;
    });
    expect(() => readManifest(levels.join('\n'), 'in.yaml')).to.throw(
      ManifestError,
      'document 1: aliases stand for more than 100000 values',
    );
  });

  it('knows on which line a path stands', () => {
    const [document] = readManifest('a:\n  b:\n    - x\n    - c: 1\n', 'in.yaml');
    if (document === undefined) throw new Error('unexpected');
    expect(lineOf(document, ['a', 'b', '1', 'c'])).to.equal(4);
    expect(lineOf(document, ['a', 'nothing', 'here'])).to.equal(1);
    expect(lineOf(document, ['a', 'b'])).to.equal(2);
    expect(lineOf(document, [])).to.equal(1);
    const [, second] = readManifest('a: 1\n---\nb: &b\n  x: 1\nc: *b\nd:\n  <<: *b\n', 'in.yaml');
    if (second === undefined) throw new Error('unexpected');
    expect(lineOf(second, ['c', 'x'])).to.equal(4);
    expect(lineOf(second, ['d', 'x'])).to.equal(4);
    expect(lineOf(second, ['d', 'nothing'])).to.equal(6);
  });
});
