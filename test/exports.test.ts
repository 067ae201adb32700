import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');

/** The TypeScript files below some folders, by their paths from the root. */
function readSources(...folders: readonly string[]): ReadonlyMap<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  return new Map(
    files.filter((file) => file.endsWith('.ts')).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  );
}

interface Export {
  readonly file: string;
  readonly name: string;
}

function exportsOf(file: string, text: string): readonly Export[] {
  const declared = text.matchAll(/^export (?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm);
  return [...declared].map(([, name = '']) => ({ file, name }));
}

/** What a file imports from others of ours, as `file#name`; `file#*` where it takes all. */
function importsOf(file: string, text: string): readonly string[] {
  const found = [
    ...text.matchAll(/^(?:import|export) (?:type )?(\{[^}]*\}|\* as \w+) from '(\.[^']+)'/gm),
    ...text.matchAll(/(\{[^{}]*\}) = await import\('(\.[^']+)'\)/g),
  ];
  return found.flatMap(([, names = '', path = '']) => {
    const from = normalize(join(dirname(file), path));
    if (names.startsWith('*')) return [`${from}#*`];
    return names
      .slice(1, -1)
      .split(',')
      .map((name) => `${from}#${name.trim().split(/ as |: /)[0]}`);
  });
}

/** Is being built, and has no users yet: to be taken out of here once it has. */
const unfinished = 'src/core/images/';

describe('src/', () => {
  const sources = readSources('src');

  it('exports nothing that is of no use', () => {
    const used = new Set(
      [...readSources('src', 'test', 'bench', 'scripts')].flatMap(([file, text]) => importsOf(file, text)),
    );
    const unused = [...sources]
      .flatMap(([file, text]) => exportsOf(file, text))
      .filter(({ file, name }) => !used.has(`${file}#${name}`) && !used.has(`${file}#*`))
      .filter(({ file }) => !file.startsWith(unfinished))
      // The type of a result needs no import to be of use.
      .filter(({ file, name }) => (sources.get(file)?.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0) < 2)
      .map(({ file, name }) => `${file}: ${name}`);
    expect(unused).to.deep.equal([]);
  });
});
