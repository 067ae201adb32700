import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { checks } from '../../src/standards/checks.ts';

describe('the list of checks', () => {
  const ids = checks.map(({ id }) => id);

  it('has each file of src/standards/checks, named as its check, and nothing else', () => {
    const folder = join(import.meta.dirname, '../../src/standards/checks');
    const files = readdirSync(folder).map((file) => basename(file, '.ts'));
    expect(ids.toSorted()).to.deep.equal(files.toSorted());
  });

  it("is in upstream's order: baseline before restricted, then by id", () => {
    const byLevel = (['baseline', 'restricted'] as const).flatMap((level) =>
      checks
        .filter((check) => check.level === level)
        .map(({ id }) => id)
        .toSorted(),
    );
    expect(ids).to.deep.equal(byLevel);
  });

  it('has versions in strictly increasing order', () => {
    for (const { id, versions } of checks) {
      const minors = versions.map(({ minimumMinor }) => minimumMinor);
      expect(minors, id).to.deep.equal([...new Set(minors)].sort((left, right) => left - right));
      expect(minors, id).to.not.be.empty;
    }
  });

  it('lets only restricted checks override, and only baseline ones be overridden', () => {
    for (const { id, level, overrides = [] } of checks) {
      for (const overridden of overrides) {
        expect(level, id).to.equal('restricted');
        expect(checks.find((check) => check.id === overridden)?.level, id).to.equal('baseline');
      }
    }
  });
});
