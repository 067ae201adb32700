import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PlainError } from '../core/plainError.ts';
import { describeFileError } from './fileError.ts';

/** A file that was named and cannot be read; the message is one line. */
export class InputFileError extends PlainError {
  override name = 'InputFileError';
}

/** What kubectl takes for a manifest in a directory. Source: k8s.io/cli-runtime pkg/resource, `FileExtensions`. */
export function isManifestName(name: string): boolean {
  return /\.(yaml|yml|json)$/.test(name);
}

/**
 * The files that a list of paths means, in order: a file is itself, a directory its manifests by name, those of its
 * subdirectories only where `recursive`.
 *
 * @throws {InputFileError} where a path does not exist or a directory has no manifests.
 */
export async function findManifestFiles(paths: readonly string[], recursive: boolean): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = path === '-' ? [path] : await findUnder(path, recursive);
    if (found.length === 0) throw new InputFileError(`${path}: has no *.yaml, *.yml or *.json files`);
    files.push(...found);
  }
  return files;
}

async function findUnder(path: string, recursive: boolean): Promise<readonly string[]> {
  try {
    const isDirectory = (await stat(path)).isDirectory();
    if (!isDirectory) return [path];
    const entries = await readdir(path, { recursive, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && isManifestName(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    throw new InputFileError(describeFileError(path, error));
  }
}
