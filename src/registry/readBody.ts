import type { JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import { RegistryError } from './registryError.ts';
import type { Answer } from './transport.ts';

/**
 * All bytes of an answer.
 *
 * @throws {RegistryError} where there are too many, or where they do not come.
 */
export async function readBody({ body, describe }: Answer, most: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > most) throw new RegistryError('too-much', `${what} has more than ${most} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw describe(error);
  } finally {
    body.destroy();
  }
  return Buffer.concat(chunks);
}

/** @throws {RegistryError} where the bytes are no JSON object. */
export function parseJsonObject(bytes: Buffer, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RegistryError('broken', `${what} is no JSON`);
  }
  if (isJsonObject(value)) return value;
  throw new RegistryError('broken', `${what} is no JSON object`);
}
