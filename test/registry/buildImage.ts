import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** A file of a layer that a test builds; a name that ends with a slash is a directory. */
export interface TestFile {
  readonly name: string;
  readonly text?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'fifo';
  readonly linkname?: string;
  readonly pax?: Readonly<Record<string, string>>;
}

export async function makeTar(files: readonly TestFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { text = '', ...file } of files) {
    const type = file.type ?? (file.name.endsWith('/') ? 'directory' : 'file');
    const mode = file.mode ?? (type === 'directory' ? 0o755 : 0o644);
    const header = { ...file, type, mode, ...(type === 'file' ? {} : { size: 0 }) };
    archive.entry(header as Parameters<typeof archive.entry>[0], type === 'file' ? text : '');
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

export interface TestBlob {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly mediaType: string;
}

export function blobOf(bytes: Buffer, mediaType: string): TestBlob {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes, mediaType };
}

export function jsonBlob(value: object, mediaType: string): TestBlob {
  return blobOf(Buffer.from(JSON.stringify(value)), mediaType);
}

export const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  tar: 'application/vnd.oci.image.layer.v1.tar',
} as const;

export interface TestImage {
  readonly manifest: TestBlob;
  readonly blobs: readonly TestBlob[];
}

/** An image of layers that are blobs already. */
export function makeImage(
  config: object,
  layers: readonly TestBlob[],
  { architecture = 'amd64', os = 'linux' } = {},
): TestImage {
  const configBlob = jsonBlob({ architecture, os, config }, types.config);
  const describe = ({ digest, bytes, mediaType }: TestBlob): object => ({ digest, size: bytes.length, mediaType });
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(configBlob),
    layers: layers.map(describe),
  };
  return { manifest: jsonBlob(manifest, types.manifest), blobs: [configBlob, ...layers] };
}

export async function gzipLayer(files: readonly TestFile[]): Promise<TestBlob> {
  return blobOf(gzipSync(await makeTar(files)), types.gzip);
}

/** security.capability of revision 2, as pax has it: bits below 7 of each byte alone, since tar-stream writes text. */
export function capabilityAttribute(bit: number, { isEffective = true } = {}): string {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(isEffective ? 0x02000001 : 0x02000000, 0);
  bytes.writeUInt32LE(2 ** (bit % 32), bit < 32 ? 4 : 12);
  return bytes.toString('latin1');
}
