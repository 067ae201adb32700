import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { findManifestFiles, InputFileError, isManifestName } from '../../src/files/manifests.ts';
import { refusalOf, temporaryFolders } from './temporaryFolder.ts';

describe('findManifestFiles', () => {
  const makeFolder = temporaryFolders();
  const files = { 'b.yaml': '', 'a.yml': '', 'c.json': '', 'notes.md': '', 'below/d.yaml': '', 'below/yaml': '' };

  async function find(folder: string, paths: readonly string[], recursive: boolean): Promise<readonly string[]> {
    const found = await findManifestFiles(
      paths.map((path) => (path === '-' ? path : join(folder, path))),
      recursive,
    );
    return found.map((file) => (file === '-' ? file : relative(folder, file)));
  }

  it('takes the manifests of a directory, in order, and those below where it is asked to', async () => {
    const folder = makeFolder(files);
    expect(await find(folder, ['.'], false)).to.deep.equal(['a.yml', 'b.yaml', 'c.json']);
    expect(await find(folder, ['.'], true)).to.deep.equal(['a.yml', 'b.yaml', 'below/d.yaml', 'c.json']);
  });

  it('takes a file whatever it is called, standard input, and each as often as it is named', async () => {
    const folder = makeFolder(files);
    expect(await find(folder, ['notes.md', '-', 'below', 'notes.md'], false)).to.deep.equal([
      'notes.md',
      '-',
      'below/d.yaml',
      'notes.md',
    ]);
  });

  it('takes no directory for a manifest, whatever it is called', async () => {
    const folder = makeFolder({ 'x.yaml/a.yaml': '', 'b.yaml': '' });
    expect(await find(folder, ['.'], false)).to.deep.equal(['b.yaml']);
  });

  it('says which path is not there, or has none', async () => {
    const folder = makeFolder({ 'notes.md': '' });
    expect(await refusalOf(find(folder, ['none.yaml'], false), InputFileError)).to.equal(
      `${join(folder, 'none.yaml')}: no such file or directory`,
    );
    expect(await refusalOf(find(folder, ['.'], true), InputFileError)).to.equal(
      `${folder}: has no *.yaml, *.yml or *.json files`,
    );
  });

  it('says which link leads nowhere but to itself', async () => {
    const folder = makeFolder({});
    symlinkSync('loop', join(folder, 'loop'));
    expect(await refusalOf(find(folder, ['loop'], false), InputFileError)).to.equal(
      `${join(folder, 'loop')}: is a link in a circle`,
    );
  });
});

describe('isManifestName', () => {
  it('goes by the end of the name, as kubectl does', () => {
    const names = ['a.yaml', 'a.yml', 'a.json', '.yaml', 'a.YAML', 'a.yaml~', 'yaml', 'a.yaml.bak', 'a.jsonc'];
    expect(names.filter(isManifestName)).to.deep.equal(['a.yaml', 'a.yml', 'a.json', '.yaml']);
  });
});
