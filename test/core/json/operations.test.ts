import { expect } from 'chai';
import { makeOperations } from '../../../src/core/json/operations.ts';

describe('makeOperations', () => {
  it('makes a missing parent once, with all that comes below it', () => {
    const additions = [
      { path: ['a', 'b', 'c'], value: 1 },
      { path: ['a', 'b', 'l', '-'], value: 2 },
      { path: ['a', 'b', 'l', '-'], value: 3 },
      { path: ['x', 'y'], value: 4 },
    ];
    expect(makeOperations({ x: {} }, additions)).to.deep.equal([
      { op: 'add', path: '/a', value: { b: { c: 1, l: [2, 3] } } },
      { op: 'add', path: '/x/y', value: 4 },
    ]);
  });

  it('takes null for missing and appends to lists that are there', () => {
    const additions = [
      { path: ['n', 'k'], value: 1 },
      { path: ['l', '-'], value: 2 },
      { path: ['l', '0', 'k'], value: 3 },
    ];
    expect(makeOperations({ n: null, l: [{}] }, additions)).to.deep.equal([
      { op: 'add', path: '/n', value: { k: 1 } },
      { op: 'add', path: '/l/-', value: 2 },
      { op: 'add', path: '/l/0/k', value: 3 },
    ]);
  });

  it('escapes what a pointer cannot say', () => {
    expect(makeOperations({ a: {} }, [{ path: ['a', 'x.io/y~z'], value: 1 }])).to.deep.equal([
      { op: 'add', path: '/a/x.io~1y~0z', value: 1 },
    ]);
  });

  it('removes first, from the end of a list to its start', () => {
    const removals = [
      ['l', '0'],
      ['a', 'k'],
      ['l', '2'],
    ];
    expect(makeOperations({ l: [1, 2, 3], a: { k: 1 } }, [{ path: ['a', 'm'], value: 1 }], removals)).to.deep.equal([
      { op: 'remove', path: '/a/k' },
      { op: 'remove', path: '/l/2' },
      { op: 'remove', path: '/l/0' },
      { op: 'add', path: '/a/m', value: 1 },
    ]);
  });

  it('makes own properties of dangerous names', () => {
    const [operation] = makeOperations({}, [{ path: ['a', 'constructor'], value: 1 }]);
    expect(operation).to.deep.equal({ op: 'add', path: '/a', value: { constructor: 1 } });
  });
});
