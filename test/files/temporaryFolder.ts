import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Makes a folder of files for each test, by their paths, and takes it away after the last one. */
export function temporaryFolders(): (files: Readonly<Record<string, string>>) => string {
  const made: string[] = [];
  after(() => {
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  });
  return (files) => {
    const folder = mkdtempSync(join(tmpdir(), 'kube-harden-files-'));
    made.push(folder);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  };
}

/** The message of an error of some class that a promise comes to. */
export async function refusalOf(promise: Promise<unknown>, kind: new (message: string) => Error): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof kind) return error.message;
    throw error;
  }
  throw new Error('it was taken');
}
