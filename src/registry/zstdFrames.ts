import { Transform } from 'node:stream';
import { RegistryError } from './registryError.ts';

/** What a frame begins with (RFC 8878, section 3.1.1), and what is to be skipped (section 3.1.2). */
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

type Step = 'magic' | 'skip-size' | 'skip' | 'descriptor' | 'header' | 'block' | 'content' | 'checksum';

/** Where in the format it is. */
interface Position {
  step: Step;
  /** Bytes until the step is done. */
  missing: number;
  /** What has come of a part that has to be whole to be read. */
  held: Buffer[];
  hasChecksum: boolean;
  isLast: boolean;
}

const magicBytes = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * Cuts what is packed by Zstandard where one frame ends and the next begins, and leaves out what is to be skipped.
 * Layers of zstd:chunked have a frame for each file, and Node's own decoder stops after the first one unless no piece
 * that it is given goes beyond a frame's end.
 */
export function alignZstdFrames(what: string): Transform {
  const position: Position = { step: 'magic', missing: 4, held: [], hasChecksum: false, isLast: false };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        for (const piece of cutAtFrames(chunk, position, what)) this.push(piece);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

function* cutAtFrames(chunk: Buffer, position: Position, what: string): Generator<Buffer> {
  // Where in the chunk begins what belongs to the frame at hand and has not been handed on.
  let begun = 0;
  for (let at = 0; at < chunk.length; ) {
    const { step } = position;
    const piece = chunk.subarray(at, at + position.missing);
    at += piece.length;
    position.missing -= piece.length;
    if (parts.includes(step)) position.held.push(Buffer.from(piece));
    if (position.missing === 0) readPart(position, what);
    const isFrames = inFrame.includes(step);
    if (!isFrames) begun = at;
    // The magic may have come in two pieces, and is handed on only once it is known.
    if (step === 'magic' && position.step === 'descriptor') yield magicBytes;
    if (isFrames && position.step === 'magic') {
      yield chunk.subarray(begun, at);
      begun = at;
    }
  }
  if (begun < chunk.length) yield chunk.subarray(begun);
}

/** What has to be whole to be read. */
const parts: readonly Step[] = ['magic', 'skip-size', 'descriptor', 'block'];
const inFrame: readonly Step[] = ['descriptor', 'header', 'block', 'content', 'checksum'];

function go(position: Position, step: Step, missing: number): void {
  position.step = step;
  position.missing = missing;
}

/** Reads what has come in whole, and says by the position what comes next. */
function readPart(position: Position, what: string): void {
  const part = Buffer.concat(position.held);
  position.held = [];
  switch (position.step) {
    case 'magic':
      readMagic(part.readUInt32LE(0), position, what);
      return;
    case 'skip-size':
      if (part.readUInt32LE(0) === 0) go(position, 'magic', 4);
      else go(position, 'skip', part.readUInt32LE(0));
      return;
    case 'descriptor':
      readDescriptor(part.readUInt8(0), position);
      return;
    case 'header':
      go(position, 'block', 3);
      return;
    case 'block':
      readBlockHeader(part.readUIntLE(0, 3), position);
      return;
    case 'content':
      afterBlock(position);
      return;
    default:
      go(position, 'magic', 4);
  }
}

function readMagic(magic: number, position: Position, what: string): void {
  if (magic === frameMagic) go(position, 'descriptor', 1);
  else if (magic >>> 4 === skippableMagic >>> 4) go(position, 'skip-size', 4);
  else throw new RegistryError('broken', `${what} is not packed as it says`);
}

/** Source: RFC 8878, section 3.1.1.1. */
function readDescriptor(descriptor: number, position: Position): void {
  position.hasChecksum = (descriptor & 0b100) !== 0;
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const contentFlag = descriptor >>> 6;
  const contentBytes = contentFlag === 0 ? Number(isSingleSegment) : 2 ** contentFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 0b11] ?? 0;
  // One of the window and one of the content is always there.
  go(position, 'header', Number(!isSingleSegment) + dictionaryBytes + contentBytes);
}

/** Source: RFC 8878, section 3.1.1.2. */
function readBlockHeader(header: number, position: Position): void {
  position.isLast = (header & 1) !== 0;
  const isRun = ((header >>> 1) & 0b11) === 1;
  // A run is one byte, however long it becomes.
  const size = isRun ? 1 : header >>> 3;
  if (size === 0) afterBlock(position);
  else go(position, 'content', size);
}

function afterBlock(position: Position): void {
  if (!position.isLast) go(position, 'block', 3);
  else if (position.hasChecksum) go(position, 'checksum', 4);
  else go(position, 'magic', 4);
}
