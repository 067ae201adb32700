import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { describeFileError } from '../../src/files/fileError.ts';

function errorOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error;
  }
  throw new Error('it can be read');
}

describe('describeFileError', () => {
  it('says what is wrong in words', () => {
    const missing = errorOf(() => readFileSync('/no/such/file'));
    expect(describeFileError('a.yaml', missing)).to.equal('a.yaml: no such file or directory');
    const directory = errorOf(() => readFileSync(tmpdir()));
    expect(describeFileError('b', directory)).to.equal('b: is a directory');
    const below = errorOf(() => readFileSync(`${import.meta.filename}/x`));
    expect(describeFileError('c', below)).to.equal('c: is not a directory');
  });

  it('leaves to the error what it has no words for', () => {
    expect(describeFileError('a', Object.assign(new Error('EXDEV: odd'), { code: 'EXDEV' }))).to.equal('a: EXDEV: odd');
    expect(describeFileError('a', new Error('odd'))).to.equal('a: odd');
    expect(describeFileError('a', 'odd')).to.equal('a: odd');
  });
});
