import { expect } from 'chai';
import type { TarHeader } from '../../src/registry/tarReader.ts';
import { makeTarReader } from '../../src/registry/tarReader.ts';
import { makeTar } from './buildImage.ts';

interface Taken extends Omit<TarHeader, 'capability'> {
  readonly capability: string | undefined;
  readonly content: string;
}

/** Reads a tar in pieces of a size. */
function read(tar: Buffer, pieceBytes: number): { entries: readonly Taken[]; isWhole: boolean } {
  const entries: Taken[] = [];
  let content = '';
  const reader = makeTarReader({
    begin: () => {
      content = '';
      return (chunk) => {
        content += chunk.toString('latin1');
      };
    },
    end: ({ capability, ...header }) => {
      entries.push({
        ...header,
        content,
        capability: capability === undefined ? undefined : Buffer.from(capability).toString('hex'),
      });
    },
  });
  for (let at = 0; at < tar.length; at += pieceBytes) reader.take(tar.subarray(at, at + pieceBytes));
  return { entries, isWhole: reader.end() };
}

describe('makeTarReader', () => {
  const long = `${'directory/'.repeat(30)}file`;

  it('reads the same in pieces of any size', async () => {
    const tar = await makeTar([
      { name: 'a', text: 'x'.repeat(513), pax: { uid: '3000000' }, gid: 5, mode: 0o4755 },
      { name: long, text: 'long' },
      { name: 'd/', uid: 1 },
      { name: 's', type: 'symlink', linkname: 't'.repeat(300) },
      { name: 'h', type: 'link', linkname: 'a' },
      { name: 'ü', text: '' },
    ]);
    const whole = read(tar, tar.length);
    expect(whole.isWhole).to.equal(true);
    expect(whole.entries.map(({ name, kind, size, target }) => [name, kind, size, target.length])).to.deep.equal([
      ['a', 'file', 513, 0],
      [long, 'file', 4, 0],
      ['d/', 'directory', 0, 0],
      ['s', 'symlink', 0, 300],
      ['h', 'hardlink', 0, 1],
      ['ü', 'file', 0, 0],
    ]);
    expect(whole.entries[0]).to.include({ content: 'x'.repeat(513), mode: 0o4755, uid: 3_000_000, gid: 5 });
    for (const size of [1, 7, 511, 512, 513, 1000]) expect(read(tar, size)).to.deep.equal(whole);
  });

  it('keeps attributes as the bytes they are', async () => {
    const bytes = Buffer.from('00000002c0ff0a3d00000000000000000000000a', 'hex');
    const record = Buffer.concat([Buffer.from(' SCHILY.xattr.security.capability='), bytes, Buffer.from('\n')]);
    const pax = Buffer.concat([Buffer.from(String(record.length + 2)), record]);
    expect(pax.length).to.equal(record.length + 2);
    const [header, entry] = [
      await makeTar([{ name: 'x', text: pax.toString('latin1') }]),
      await makeTar([{ name: 'f', text: 'y' }]),
    ];
    const extended = Buffer.from(header.subarray(0, 1024));
    extended.write('x', 156, 'latin1');
    extended.write(`${pax.length.toString(8).padStart(11, '0')} `, 124, 'latin1');
    extended.fill(0, 512);
    pax.copy(extended, 512);
    const { entries } = read(Buffer.concat([resum(extended), entry]), 100);
    expect(entries.map(({ name, capability, content }) => [name, capability, content])).to.deep.equal([
      ['f', bytes.toString('hex'), 'y'],
    ]);
  });

  it('says what it cannot read', async () => {
    const tar = await makeTar([{ name: 'f', text: 'y' }]);
    const broken = (change: (copy: Buffer) => void): (() => void) => {
      const copy = Buffer.from(tar);
      change(copy);
      return () => read(resum(copy), 512);
    };
    expect(() => read(Buffer.alloc(512, 'x'), 512)).to.throw('has a header with a number that is none');
    expect(() => {
      const copy = Buffer.from(tar);
      copy.write('g', 0, 'latin1');
      read(copy, 512);
    }).to.throw('is no tar, or is damaged');
    expect(broken((copy) => copy.write('S', 156, 'latin1'))).to.throw("has a sparse file in GNU's old form");
    expect(broken((copy) => copy.write('9'.repeat(11), 124, 'latin1'))).to.throw(
      'has a header with a number that is none',
    );
    expect(broken((copy) => copy.fill(0xff, 124, 136))).to.throw('has a file of an impossible size');
    const meta = (copy: Buffer): void => {
      copy.write('x', 156, 'latin1');
    };
    expect(broken(meta)).to.throw('has an extended header that cannot be read');
    expect(
      broken((copy) => {
        meta(copy);
        copy.write('00004000001 ', 124, 'latin1');
      }),
    ).to.throw('has a header that is larger than 1 MiB');
    expect(read(tar.subarray(0, 600), 512).isWhole).to.equal(false);
  });
});

function resum(tar: Buffer): Buffer {
  tar.fill(' ', 148, 156);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return tar;
}
