import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { buffer as readStream } from 'node:stream/consumers';
import { Option } from 'commander';
import type { PodInDocument } from '../core/pod/workload.ts';
import { findPods } from '../core/pod/workload.ts';
import { describeFileError } from '../files/fileError.ts';
import { findManifestFiles, InputFileError } from '../files/manifests.ts';
import type { ManifestDocument } from '../manifest/readManifest.ts';
import { readManifest } from '../manifest/readManifest.ts';
import { UsageError } from './usageError.ts';

/** A file that was named, or found in a directory that was, with its documents. */
export interface Input {
  /** As people know it; `-` is standard input. */
  readonly file: string;
  readonly text: string;
  readonly documents: readonly ManifestDocument[];
}

/** A pod of an input, and which document it stands in. */
export interface InputPod extends PodInDocument {
  readonly document: ManifestDocument;
}

export interface InputOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
}

/** The options that name inputs, the same for every command. */
export function filenameOptions(): readonly Option[] {
  return [
    new Option(
      '-f, --filename <FILE|DIR|->',
      'a manifest, a directory of them, or - for standard input; again for more',
    ).argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]),
    new Option('-R, --recursive', 'take the directories below a directory as well'),
  ];
}

/** Standard input under the name that messages give it. */
const standardInput = '-';

/**
 * Reads what `-f` names, one file after the other, so that a thousand need the memory of one.
 *
 * @throws {UsageError} where nothing is named, or in what is, {InputFileError} or {ManifestError} where a file cannot be read.
 */
export async function* readInputs(
  { filename = [], recursive = false }: InputOptions,
  stdin: NodeJS.ReadableStream,
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<Input> {
  if (filename.length === 0)
    throw new UsageError('nothing to read: name files or directories with -f, or - for standard input');
  const files = await findManifestFiles(filename, recursive);
  let isEmpty = true;
  for (const [index, file] of files.entries()) {
    const text = decode(await readBytes(file, stdin), file);
    isEmpty &&= text.trim() === '';
    yield { file, text, documents: readManifest(text, file) };
    onProgress(index + 1, files.length);
  }
  // Whatever should have come did not: the command before the pipe has failed, or the file is being written.
  if (isEmpty) throw new UsageError(`${filename.join(', ')}: nothing in there`);
}

/** The pods of an input's documents, in their order. */
export function podsOf({ documents }: Input): readonly InputPod[] {
  return documents.flatMap((document) => findPods(document.value).map((pod) => ({ ...pod, document })));
}

/** What is no UTF-8 could not be written back as it was. */
function decode(bytes: Buffer, file: string): string {
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8');
  throw new InputFileError(`${file}: is not UTF-8`);
}

/**
 * The bytes of a file, or of standard input.
 *
 * @throws {InputFileError}
 */
export async function readBytes(file: string, stdin: NodeJS.ReadableStream): Promise<Buffer> {
  try {
    return file === standardInput ? await readStream(stdin) : await readFile(file);
  } catch (error) {
    throw new InputFileError(describeFileError(file, error));
  }
}
