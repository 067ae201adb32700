import { createHash } from 'node:crypto';
import type { TransformCallback } from 'node:stream';
import { Transform } from 'node:stream';
import { RegistryError } from './registryError.ts';

/** @throws {RegistryError} where the bytes are not what their digest says. */
export function verifyBytes(bytes: Buffer, digest: string, what: string): void {
  if (digestOf(bytes, digest.slice(0, digest.indexOf(':'))) !== digest) throw wrongDigest(what, digest);
}

export function digestOf(bytes: Buffer, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Bytes on their way, and how many have come. */
export interface VerifiedStream {
  readonly stream: Transform;
  readonly bytes: () => number;
}

/** Lets bytes through while it counts and digests them, and fails in the end where they are not what they should be. */
export function verifyStream({ digest, size }: { digest: string; size: number }, what: string): VerifiedStream {
  const hash = createHash(digest.slice(0, digest.indexOf(':')));
  let length = 0;
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done: TransformCallback) => {
      length += chunk.length;
      hash.update(chunk);
      if (length > size)
        done(new RegistryError('broken', `${what} has more than the ${size} bytes that its manifest says`));
      else done(null, chunk);
    },
    flush: (done) => {
      if (length < size) done(cutShort(what, length, size));
      else if (hash.digest('hex') === digest.slice(digest.indexOf(':') + 1)) done();
      else done(wrongDigest(what, digest));
    },
  });
  return { stream, bytes: () => length };
}

export function cutShort(what: string, length: number, size: number): RegistryError {
  return new RegistryError('broken', `${what} is cut short: ${length} of ${size} bytes`);
}

function wrongDigest(what: string, digest: string): RegistryError {
  return new RegistryError(
    'broken',
    `${what} is not what its digest ${digest.slice(0, 19)}… says: do not trust this registry`,
  );
}
