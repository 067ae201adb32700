import { resolve } from 'node:path';
import { hardenPods } from '../src/cli/hardenedPods.ts';
import type { Input } from '../src/cli/inputs.ts';
import { readInputs } from '../src/cli/inputs.ts';
import { UsageError } from '../src/cli/usageError.ts';
import { findManifestFiles, InputFileError } from '../src/files/manifests.ts';
import { ManifestError } from '../src/manifest/readManifest.ts';
import { builtInPolicy } from './core/policies.ts';

/** The manifests that were written for the tests. */
export const shop = resolve(import.meta.dirname, 'shop');

/** The folders that tests of whole manifests run over: the shop, and what the environment's `CORPUS` names. */
export const manifestFolders: readonly string[] = [
  shop,
  ...[process.env['CORPUS'] ?? []].flat().map((path) => resolve(path)),
];

export interface ManifestFolder {
  /** Without the documents that were skipped. */
  readonly inputs: readonly Input[];
  /** Why files, and documents of them, are of no use: no API server would take them. */
  readonly skipped: readonly string[];
}

/** Reads all manifests below a folder. */
export async function readManifestFolder(folder: string): Promise<ManifestFolder> {
  const inputs: Input[] = [];
  const skipped: string[] = [];
  for (const file of await findManifestFiles([folder], true)) {
    const input = await readManifestFile(file);
    if (typeof input === 'string') {
      skipped.push(input);
      continue;
    }
    const refusals = input.documents.map((document) => findRefusal({ ...input, documents: [document] }));
    skipped.push(...refusals.filter((refusal) => refusal !== undefined));
    inputs.push({ ...input, documents: input.documents.filter((_, index) => refusals[index] === undefined) });
  }
  return { inputs, skipped };
}

async function readManifestFile(file: string): Promise<Input | string> {
  try {
    for await (const input of readInputs({ filename: [file] }, process.stdin, () => {})) return input;
    return `${file}: nothing in there`;
  } catch (error) {
    if (error instanceof ManifestError || error instanceof InputFileError || error instanceof UsageError) {
      return error.message;
    }
    throw error;
  }
}

function findRefusal(input: Input): string | undefined {
  try {
    hardenPods(input, builtInPolicy('minimal'));
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}
