import { expect } from 'chai';
import type { Turn } from '../../src/server/turns.ts';
import { makeTurns } from '../../src/server/turns.ts';

interface Item extends Turn {
  readonly number: number;
}

/** Written as address, namespace, number. */
function item(text: string): Item {
  const [address = '', namespace = '', number = ''] = text.split(' ');
  return { address, namespace, number: Number(number) };
}

function fill(texts: readonly string[]): { turns: ReturnType<typeof makeTurns<Item>>; items: readonly Item[] } {
  const turns = makeTurns<Item>();
  const items = texts.map(item);
  for (const each of items) turns.add(each);
  return { turns, items };
}

function takeAll({ next }: ReturnType<typeof makeTurns<Item>>): readonly string[] {
  const taken: string[] = [];
  for (let each = next(); each !== undefined; each = next()) {
    taken.push(`${each.address} ${each.namespace} ${each.number}`);
  }
  return taken;
}

describe('turns', () => {
  it('go round the addresses, then round the namespaces of each', () => {
    const { turns } = fill(['a x 1', 'a x 2', 'a x 3', 'a y 4', 'b x 5', 'b x 6']);
    expect(turns.size()).to.equal(6);
    expect(takeAll(turns)).to.deep.equal(['a x 1', 'b x 5', 'a y 4', 'b x 6', 'a x 2', 'a x 3']);
    expect(turns.size()).to.equal(0);
  });

  it('let a newcomer pass a long queue', () => {
    const { turns } = fill(Array.from({ length: 50 }, (_, index) => `a x ${index}`));
    turns.next();
    turns.add(item('a y 100'));
    expect([turns.next(), turns.next()].map((each) => each?.number)).to.have.members([1, 100]);
  });

  it('forget what is removed, once and for all', () => {
    const { turns, items } = fill(['a x 1', 'a x 2', 'a y 3']);
    for (const each of [items[0], items[0], items[2]]) if (each !== undefined) turns.remove(each);
    expect(takeAll(turns)).to.deep.equal(['a x 2']);
  });

  it('have a last one: the newest of the longest queue', () => {
    const { turns } = fill(['a x 1', 'b x 2', 'b y 3', 'b y 4', 'a x 5']);
    turns.add(item('b y 6'));
    expect(turns.last()?.number).to.equal(6);
    expect(makeTurns<Item>().last()).to.equal(undefined);
  });
});
