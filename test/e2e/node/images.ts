import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { repository } from '../../install/install.ts';
import { cacheFolder, run } from '../binaries.ts';
import type { Recipe } from './recipes.ts';
import { onNode } from './recipes.ts';

/** The images that a node needs, as files, built where they are not in the user's cache as they have to be. */
export function findImages(): readonly string[] {
  const storage = mkdtempSync(join(tmpdir(), 'kube-harden-images-'));
  try {
    return onNode.map((recipe) => archive(recipe, storage));
  } finally {
    rmSync(storage, { recursive: true });
  }
}

/** The file of an image, built if it is not there. */
function archive(recipe: Recipe, storage: string): string {
  const { name, reference, from, containerfile } = recipe;
  const file = join(cacheFolder(), `image-${name}-${hashOf(recipe)}.tar`);
  if (existsSync(file)) return file;
  process.stderr.write(`Building the image ${reference}.\n`);
  if (from !== undefined) load(from, storage);
  const folder = mkdtempSync(join(storage, 'context-'));
  const context = recipe.prepare(folder);
  const volumes = recipe.volumes?.().flatMap((volume) => ['--volume', volume]) ?? [];
  buildah(storage, ['build', ...flags, ...volumes, '--tag', reference, '--file', containerfile, context]);
  const unfinished = `${file}.${process.pid}`;
  buildah(storage, ['push', '--quiet', reference, `oci-archive:${unfinished}:${reference}`]);
  forgetOthers(name);
  renameSync(unfinished, file);
  return file;
}

const flags = ['--quiet', '--pull-never', '--network=none', '--runtime=runc', '--ulimit=nofile=4096:4096'];

const millisecondsToKeep = 24 * 60 * 60 * 1000;

/** The project's own image is another after each change, which would fill the disk. */
function forgetOthers(name: string): void {
  for (const entry of readdirSync(cacheFolder()).filter((file) => file.startsWith(`image-${name}-`))) {
    const file = join(cacheFolder(), entry);
    if (Date.now() - statSync(file).mtimeMs > millisecondsToKeep) rmSync(file);
  }
}

/** Puts an image into the storage, for another to be built from. */
function load(recipe: Recipe, storage: string): void {
  const file = archive(recipe, storage);
  const id = buildah(storage, ['pull', '--quiet', `oci-archive:${file}`]).trim();
  buildah(storage, ['tag', id, recipe.reference]);
}

/** Changes with whatever the image is made of. */
function hashOf({ from, containerfile, inputs, reference }: Recipe): string {
  const hash = createHash('sha256').update(`${reference} ${from === undefined ? '' : hashOf(from)}`);
  for (const input of [containerfile, ...inputs]) {
    if (!existsSync(input)) hash.update(input);
    else for (const file of filesBelow(input)) hash.update(relative(repository, file)).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

function filesBelow(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** With a storage of its own, so that nothing stays on the machine but the archives. */
function buildah(storage: string, parameters: readonly string[]): string {
  const places = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run'), '--storage-driver', 'overlay'];
  return run('buildah', [...places, ...parameters]);
}
