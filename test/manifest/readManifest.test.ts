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
    };
    for (const [text, value] of Object.entries(scalars)) expect(read(`a: ${text}`), text).to.deep.equal([{ a: value }]);
    expect(read('1: x\ntrue: z')).to.deep.equal([{ 1: 'x', true: 'z' }]);
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

  it('resolves anchors and merge keys', () => {
    expect(read('base: &b { x: 1, z: 2 }\nuse:\n  <<: *b\n  z: 3\nsame: *b')).to.deep.equal([
      { base: { x: 1, z: 2 }, use: { x: 1, z: 3 }, same: { x: 1, z: 2 } },
    ]);
  });

  it('keeps what looks like a prototype an own property', () => {
    const [value] = read('__proto__: { polluted: true }\nconstructor: x');
    expect(Object.keys(value as object)).to.deep.equal(['__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
  });

  const errors: readonly (readonly [string, string, string])[] = [
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 'in.yaml:3:1: document 1: Map keys must be unique'],
    ['a tag of its own', 'a: 1\n---\nb: !mine x\n', 'in.yaml:3:4: document 2: Unresolved tag: !mine'],
    ['an infinity', 'a: .inf\n', 'in.yaml:1:1: document 1: has a number that JSON cannot say: Infinity'],
    [
      'an alias without an anchor',
      'a: *b\n',
      'in.yaml:1:1: document 1: Unresolved alias (the anchor must be set before the alias): b',
    ],
    [
      'broken flow',
      'a: [1, 2\nb: 3\n',
      'in.yaml:2:1: document 1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['hostile nesting', '['.repeat(100_000), 'document 1: is nested too deeply'],
    [
      'nesting beyond use',
      `${'['.repeat(300)}${']'.repeat(300)}`,
      'in.yaml:1:1: document 1: is nested deeper than 256',
    ],
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
      'in.yaml:1:1: document 1: has far too many aliases',
    );
  });

  it('knows on which line a path stands', () => {
    const [document] = readManifest('a:\n  b:\n    - x\n    - c: 1\n', 'in.yaml');
    if (document === undefined) throw new Error('unexpected');
    expect(lineOf(document, ['a', 'b', '1', 'c'])).to.equal(4);
    expect(lineOf(document, ['a', 'nothing', 'here'])).to.equal(1);
    expect(lineOf(document, ['a', 'b'])).to.equal(2);
    expect(lineOf(document, [])).to.equal(1);
  });
});
