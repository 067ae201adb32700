import { expect } from 'chai';
import fc from 'fast-check';
import type { FieldName } from '../../../src/core/decisions/fieldName.ts';
import { fieldName, formatFieldName, parseFieldName } from '../../../src/core/decisions/fieldName.ts';

const arbitraryName: fc.Arbitrary<FieldName> = fc.array(
  fc.record(
    { field: fc.stringMatching(/^[A-Za-z]+$/), entry: fc.string({ unit: 'grapheme' }) },
    { requiredKeys: ['field'] },
  ),
  { minLength: 1 },
);

describe("a field's name", () => {
  it('reads as people write it', () => {
    const where = { scope: 'container', list: 'containers', container: 'web' } as const;
    expect(fieldName({ where, field: 'securityContext.runAsNonRoot' })).to.equal(
      'spec.containers[web].securityContext.runAsNonRoot',
    );
    expect(fieldName({ where: { scope: 'pod' }, field: 'volumes[data]' })).to.equal('spec.volumes[data]');
    expect(fieldName({ where: { scope: 'pod' }, field: 'metadata.annotations' })).to.equal('metadata.annotations');
  });

  it('comes apart as it was made', () => {
    fc.assert(
      fc.property(arbitraryName, (name) => {
        expect(parseFieldName(formatFieldName(name))).to.deep.equal(name);
      }),
    );
  });

  it('is told from what is none', () => {
    for (const text of ['', '.', 'a.', '.a', 'a[b', 'a]b', 'a[b]c', '[a]', 'a[b\\']) {
      expect(parseFieldName(text), text).to.equal(undefined);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const name = parseFieldName(text);
        if (name !== undefined) expect(parseFieldName(formatFieldName(name))).to.deep.equal(name);
      }),
    );
  });

  it('has brackets of its own where a path has some', () => {
    const name: FieldName = [{ field: 'volumeMounts', entry: '/a]b[c\\d' }];
    expect(formatFieldName(name)).to.equal('volumeMounts[/a\\]b[c\\\\d]');
    expect(parseFieldName(formatFieldName(name))).to.deep.equal(name);
  });
});
