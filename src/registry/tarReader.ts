/**
 * Reads tar as it comes: ustar, and what pax and GNU have added to it.
 *
 * Written here and not taken from a library because file capabilities stand in pax headers as raw bytes, which tar-stream
 * and node-tar both decode as text, and so lose: of cap_setuid, for one, nothing is left. The rules and the bounds are
 * those of Go's archive/tar, by which container runtimes unpack layers.
 */

export interface TarHeader {
  readonly name: string;
  readonly kind: 'file' | 'hardlink' | 'symlink' | 'directory' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes, of what follows. */
  readonly size: number;
  readonly target: string;
  /** The extended attribute security.capability. */
  readonly capability: Uint8Array | undefined;
}

export interface TarHandlers {
  /** Says what takes the content, if anything does. */
  readonly begin: (header: TarHeader) => ((chunk: Buffer) => void) | undefined;
  readonly end: (header: TarHeader) => void;
}

export interface TarReader {
  readonly take: (chunk: Buffer) => void;
  /** Says whether all of the last entry has come. */
  readonly end: () => boolean;
}

/** What cannot be read as tar; the message goes on after what it is about. */
export class TarError extends Error {
  override name = 'TarError';
}

const blockBytes = 512;
const zeroBlock = Buffer.alloc(blockBytes);

/** Of a long name and of a pax header (Go's archive/tar, `maxSpecialFileSize`). */
const mostMetaBytes = 1024 * 1024;

/** By the type flag; what is not here is left out, and what follows it passed over. */
const kinds: ReadonlyMap<string, TarHeader['kind']> = new Map([
  ...(['\0', '0', '7'] as const).map((flag) => [flag, 'file'] as const),
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'other'],
  ['4', 'other'],
  ['5', 'directory'],
  ['6', 'other'],
]);

/** What the headers before an entry's own say of it. */
interface Extension {
  readonly values: ReadonlyMap<string, Buffer>;
  readonly name: string | undefined;
  readonly target: string | undefined;
}

const noExtension: Extension = { values: new Map(), name: undefined, target: undefined };

/** The few keys that matter; whatever else a pax header has is not kept. */
const paxKeys: readonly string[] = ['path', 'linkpath', 'size', 'uid', 'gid', 'SCHILY.xattr.security.capability'];

/** Where in the tar it is, and what belongs to the entry at hand. */
interface Position {
  step: 'header' | 'meta' | 'content' | 'padding' | 'over';
  /** Bytes until the step is done. */
  missing: number;
  /** Bytes behind the content, up to a whole block. */
  padding: number;
  /** What has come of a header that is in several pieces. */
  held: Buffer[];
  metaFlag: string;
  extension: Extension;
  current: TarHeader | undefined;
  sink: ((chunk: Buffer) => void) | undefined;
}

/** Makes what reads a tar, piece by piece; each piece is done with when `take` returns. */
export function makeTarReader(handlers: TarHandlers): TarReader {
  const position: Position = {
    ...{ step: 'header', missing: blockBytes, padding: 0, held: [], metaFlag: '', extension: noExtension },
    ...{ current: undefined, sink: undefined },
  };
  return {
    take: (chunk) => {
      for (let at = 0; at < chunk.length && position.step !== 'over'; ) {
        const piece = chunk.subarray(at, at + position.missing);
        at += piece.length;
        takePiece(piece, position, handlers);
      }
    },
    end: () => position.step === 'over' || (position.step === 'header' && position.missing === blockBytes),
  };
}

function takePiece(piece: Buffer, position: Position, handlers: TarHandlers): void {
  position.missing -= piece.length;
  const isDone = position.missing === 0;
  switch (position.step) {
    case 'content':
      position.sink?.(piece);
      if (isDone) endEntry(position, handlers);
      return;
    case 'padding':
      if (isDone) go(position, 'header', blockBytes);
      return;
    default: {
      // Only what is waited with needs a copy: the piece is its giver's again.
      position.held.push(isDone ? piece : Buffer.from(piece));
      if (!isDone) return;
      const whole = position.held.length === 1 ? piece : Buffer.concat(position.held);
      position.held = [];
      if (position.step === 'meta') readMeta(whole, position);
      else readHeader(whole, position, handlers);
    }
  }
}

function go(position: Position, step: Position['step'], missing: number): void {
  position.step = step;
  position.missing = missing;
}

function skipPadding(position: Position): void {
  if (position.padding === 0) go(position, 'header', blockBytes);
  else go(position, 'padding', position.padding);
}

function endEntry(position: Position, { end }: TarHandlers): void {
  if (position.current !== undefined) end(position.current);
  position.current = undefined;
  position.sink = undefined;
  skipPadding(position);
}

function readHeader(block: Buffer, position: Position, handlers: TarHandlers): void {
  if (isZero(block)) {
    go(position, 'over', 0);
    return;
  }
  checkSum(block);
  const flag = block.toString('latin1', 156, 157);
  const size = sizeOf(block, kinds.has(flag) ? position.extension : noExtension);
  position.padding = (blockBytes - (size % blockBytes)) % blockBytes;
  if (flag === 'x' || flag === 'L' || flag === 'K') beginMeta(flag, size, position);
  else if (flag === 'S') throw new TarError("has a sparse file in GNU's old form, which is not read here");
  else beginEntry(block, flag, size, position, handlers);
}

function beginMeta(flag: string, size: number, position: Position): void {
  if (size > mostMetaBytes) throw new TarError('has a header that is larger than 1 MiB');
  position.metaFlag = flag;
  if (size === 0) skipPadding(position);
  else go(position, 'meta', size);
}

function beginEntry(block: Buffer, flag: string, size: number, position: Position, handlers: TarHandlers): void {
  const current = readEntry(block, flag, size, position.extension);
  position.current = current;
  position.sink = current === undefined ? undefined : handlers.begin(current);
  position.extension = noExtension;
  // What is no file has no content, whatever size it says.
  const bytes = current === undefined || current.kind === 'file' ? size : 0;
  if (bytes > 0) {
    go(position, 'content', bytes);
    return;
  }
  position.padding = 0;
  endEntry(position, handlers);
}

function readMeta(bytes: Buffer, position: Position): void {
  const { extension, metaFlag } = position;
  if (metaFlag === 'x') position.extension = { ...extension, values: readPax(bytes) };
  else position.extension = { ...extension, [metaFlag === 'L' ? 'name' : 'target']: textOf(bytes, 0, bytes.length) };
  skipPadding(position);
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.equals(zeroBlock);
}

/** Old writers added the bytes up as signed ones. */
function checkSum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let index = 0; index < blockBytes; index += 1) {
    if (index === 148) index = 156;
    const byte = block[index] ?? 0;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const written = numberAt(block, 148, 8);
  if (written !== unsigned && written !== signed) throw new TarError('is no tar, or is damaged');
}

function readEntry(
  block: Buffer,
  flag: string,
  size: number,
  { values, name, target }: Extension,
): TarHeader | undefined {
  const kind = kinds.get(flag);
  if (kind === undefined) return undefined;
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textOf(block, 345, 155) : '';
  const plain = textOf(block, 0, 100);
  const path = values.get('path')?.toString('utf8') ?? name ?? (prefix === '' ? plain : `${prefix}/${plain}`);
  return {
    name: path,
    // Before there was a flag for directories, a slash told them.
    kind: kind === 'file' && path.endsWith('/') ? 'directory' : kind,
    mode: numberAt(block, 100, 8) & 0o7777,
    uid: paxNumber(values.get('uid')) ?? numberAt(block, 108, 8),
    gid: paxNumber(values.get('gid')) ?? numberAt(block, 116, 8),
    size,
    target: values.get('linkpath')?.toString('utf8') ?? target ?? textOf(block, 157, 100),
    capability: values.get('SCHILY.xattr.security.capability'),
  };
}

function sizeOf(block: Buffer, { values }: Extension): number {
  const size = paxNumber(values.get('size')) ?? numberAt(block, 124, 12);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new TarError('has a file of an impossible size');
}

function paxNumber(value: Buffer | undefined): number | undefined {
  const text = value?.toString('latin1');
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Octal digits, or a binary number of which the first bit says so. */
function numberAt(block: Buffer, offset: number, length: number): number {
  const bytes = block.subarray(offset, offset + length);
  if ((bytes[0] ?? 0) >= 0x80) {
    let value = (bytes[0] ?? 0) & 0x7f;
    for (const byte of bytes.subarray(1)) value = value * 256 + byte;
    return value;
  }
  const text = textOf(block, offset, length).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new TarError('has a header with a number that is none');
  return Number.parseInt(text, 8);
}

function textOf(bytes: Buffer, offset: number, length: number): string {
  const end = bytes.subarray(offset, offset + length).indexOf(0);
  return bytes.toString('utf8', offset, end === -1 ? offset + length : offset + end);
}

/** Records of the form `LENGTH KEY=VALUE\n`, where the length is that of all of it in bytes (pax(1), "pax Header Block"). */
function readPax(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const values = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 || space - at > 8 ? '' : bytes.toString('latin1', at, space);
    const end = at + Number(digits);
    if (!/^[0-9]+$/.test(digits) || end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a)
      throw new TarError('has an extended header that cannot be read');
    const equals = bytes.indexOf(0x3d, space);
    const key = equals === -1 || equals > end ? '' : bytes.toString('latin1', space + 1, equals);
    // A copy, since what it stands in is handed on.
    if (paxKeys.includes(key)) values.set(key, Buffer.from(bytes.subarray(equals + 1, end - 1)));
    at = end;
  }
  return values;
}
