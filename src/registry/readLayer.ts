import { pipeline as pipe, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { PlainError } from '../core/plainError.ts';
import { cleanPath } from '../core/pod/path.ts';
import { readCapabilityAttribute } from '../inspection/capabilityAttribute.ts';
import type { FileTree } from '../inspection/fileTree.ts';
import { addEntry } from '../inspection/fileTree.ts';
import type { BlobStream } from './client.ts';
import type { ContentReader, ContentWish } from './entryContent.ts';
import { readContent } from './entryContent.ts';
import type { LayerBudget } from './layerBudget.ts';
import type { Limits } from './limits.ts';
import { RegistryError } from './registryError.ts';
import type { TarHeader, TarReader } from './tarReader.ts';
import { makeTarReader, TarError } from './tarReader.ts';
import { alignZstdFrames } from './zstdFrames.ts';

/** Four times what Node takes by itself: larger pieces are handed on less often. */
const pieceBytes = 64 * 1024;

export interface LayerOptions {
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Told how many bytes of the layer have come. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Reads a layer into the tree as it comes: verified, unpacked and taken apart in one pass, of which nothing is kept but
 * names, owners, rights and a few small texts.
 *
 * @throws {RegistryError} where the layer is broken, or larger than is taken.
 */
export async function readLayer(
  { body, verified, describe }: BlobStream,
  layer: number,
  tree: FileTree,
  wish: ContentWish,
  budget: LayerBudget,
  { limits, signal, onBytes }: LayerOptions,
): Promise<void> {
  const what = `layer ${layer}`;
  const tar = readEntries(layer, tree, wish, budget);
  try {
    await pipeline(
      body,
      verified.stream,
      (source: AsyncIterable<Buffer>) => unpack(source, what),
      meter(what, verified.bytes, budget, { limits, signal, onBytes }),
      (source: AsyncIterable<Buffer>) => readAll(source, tar, what),
      { signal },
    );
  } catch (error) {
    throw describeLayerError(error, what, describe);
  } finally {
    body.destroy();
  }
}

/** Unpacks what is packed, whatever its media type says: gzip and Zstandard tell themselves. */
async function* unpack(source: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  const all = Readable.from(putBefore(first.value, pieces), { objectMode: false });
  const magic = first.value.subarray(0, 4).toString('hex');
  // A pipeline tells its last stream of all that fails before it.
  const ignore = (): void => undefined;
  if (magic.startsWith('1f8b')) yield* pipe(all, createGunzip({ chunkSize: pieceBytes }), ignore);
  else if (magic === '28b52ffd' || /^5[0-9a-f]2a4d18$/.test(magic))
    yield* pipe(all, alignZstdFrames(what), createZstdDecompress({ chunkSize: pieceBytes }), ignore);
  else yield* all;
}

async function* putBefore(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** Counts what comes out, while it comes. */
function meter(
  what: string,
  packedBytes: () => number,
  budget: LayerBudget,
  { limits, onBytes }: LayerOptions,
): Transform {
  let length = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      length += chunk.length;
      budget.unpackedBytes += chunk.length;
      onBytes(packedBytes());
      if (length > limits.bytesBeforeInflation && length > packedBytes() * limits.inflation)
        done(new RegistryError('too-much', `${what} unpacks to more than ${limits.inflation} times its size`));
      else if (budget.unpackedBytes > limits.unpackedBytes)
        done(new RegistryError('too-much', `its layers unpack to more than ${limits.unpackedBytes} bytes`));
      else done(null, chunk);
    },
  });
}

async function readAll(source: AsyncIterable<Buffer>, tar: TarReader, what: string): Promise<void> {
  for await (const chunk of source) tar.take(chunk);
  if (!tar.end()) throw new RegistryError('broken', `${what} ends in the middle of a file`);
}

/** A program may lie behind a symlink, under another name. */
function noteTarget({ name, target }: TarHeader, { programs }: ContentWish): void {
  const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  if (programs.has(baseName(name)) && programs.size < mostPrograms) programs.add(baseName(target));
}

/** Many more than an image starts. */
const mostPrograms = 256;

/** Makes what puts each file into the tree once its content has passed. */
function readEntries(layer: number, tree: FileTree, wish: ContentWish, budget: LayerBudget): TarReader {
  let reader: ContentReader | undefined;
  return makeTarReader({
    begin: (header) => {
      if (header.kind === 'symlink') noteTarget(header, wish);
      reader =
        header.kind === 'file' ? readContent({ ...header, name: cleanPath(header.name) }, wish, budget) : undefined;
      return reader?.take;
    },
    end: ({ name, kind, mode, uid, gid, target, capability }) => {
      const capabilities = capability === undefined ? undefined : readCapabilityAttribute(capability);
      addEntry(tree, { path: name, kind, mode, uid, gid, target, capabilities, ...reader?.finish() }, layer);
    },
  });
}

function describeLayerError(error: unknown, what: string, describe: BlobStream['describe']): Error {
  if (error instanceof PlainError) return error;
  if (error instanceof TarError) return new RegistryError('broken', `${what} ${error.message}`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isNetwork = /^E[A-Z]+$/.test(code) || (error instanceof Error && error.name === 'AbortError');
  if (isNetwork || code === 'ABORT_ERR') return describe(error);
  const said = error instanceof Error ? error.message : String(error);
  return new RegistryError('broken', `${what} cannot be unpacked: ${said}`);
}
