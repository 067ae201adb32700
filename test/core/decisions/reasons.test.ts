import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../../..');

/** The TypeScript files below some folders, by their paths from the root. */
function readSources(...folders: readonly string[]): ReadonlyMap<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  return new Map(
    files.filter((file) => file.endsWith('.ts')).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  );
}

describe('decisions', () => {
  it('have no reason that nobody gives', () => {
    const sources = readSources('src');
    const file = 'src/core/decisions/decision.ts';
    const unions = (sources.get(file) ?? '').matchAll(/^export type (\w+Reason) =([^;]+);/gm);
    const reasons = [...unions].flatMap(([, , union = '']) =>
      [...union.matchAll(/'(\w+)'/g)].map(([, reason = '']) => reason),
    );
    expect(reasons.length).to.be.greaterThan(30);
    const givers = [...sources].filter(
      ([name]) => /^src\/(core|admission)\//.test(name) && name !== file && name !== 'src/core/sentences.ts',
    );
    expect(reasons.filter((reason) => !givers.some(([, text]) => text.includes(`'${reason}'`)))).to.deep.equal([]);
  });
});
