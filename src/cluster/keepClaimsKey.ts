import { randomBytes } from 'node:crypto';
import type { Logger } from 'winston';
import { claimsKeyBytes } from '../core/claims.ts';
import type { JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import { metadataOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';

export interface ClaimsKeyOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The name of the Secret. */
  readonly secret: string;
  /** Gets each key that comes to be in use. */
  readonly useKey: (bytes: Uint8Array) => void;
  readonly logger: Logger;
}

/**
 * Keeps the key that claims are signed by in a Secret, which all replicas share. It is made once and lasts: a debug
 * container may come to a pod that was hardened a year ago. Where the Secret is deleted or garbled, each replica goes on
 * with the key that it has, and writes it back. Whoever wants another key writes that one into the Secret.
 */
export interface ClaimsKeyKeeper {
  readonly see: (secrets: ReadonlyMap<string, JsonObject>) => void;
  /**
   * Writes the key in use, or a new one where there never was any, where the Secret has none that is good. Any replica
   * may: the first one that does it wins, and the others take its key.
   */
  readonly keep: () => Promise<void>;
}

const dataKey = 'key';

export function makeClaimsKeyKeeper(options: ClaimsKeyOptions): ClaimsKeyKeeper {
  const { client, namespace, useKey, logger } = options;
  const collection = `/api/v1/namespaces/${namespace}/secrets`;
  const path = `${collection}/${options.secret}`;
  /** Undefined until it was looked for; null where there is none. */
  let secret: JsonObject | null | undefined;
  let isStored = false;
  /** The last good one, in base64. */
  let inUse: string | undefined;

  function see(secrets: ReadonlyMap<string, JsonObject>): void {
    secret = secrets.get(options.secret) ?? null;
    const key = keyIn(secret);
    if (key === undefined && isStored) logger.warn('claims key gone from its Secret', { secret: options.secret });
    isStored = key !== undefined;
    if (key === undefined || key === inUse) return;
    inUse = key;
    useKey(Buffer.from(key, 'base64'));
    logger.info('claims key in use', { secret: options.secret });
  }

  async function keep(): Promise<void> {
    if (secret === undefined || isStored) return;
    try {
      const written = await write(secret);
      logger.info('claims key written', { secret: options.secret });
      see(new Map([[options.secret, written]]));
    } catch (error) {
      if (!isKubeError(error, 409)) throw error;
      // Another replica was quicker, and its key is the one.
      await look();
    }
  }

  async function look(): Promise<void> {
    try {
      see(new Map([[options.secret, await client.get(path)]]));
    } catch (error) {
      // Deleted again, as will be seen.
      if (!isKubeError(error, 404)) throw error;
    }
  }

  function write(present: JsonObject | null): Promise<JsonObject> {
    const data = { [dataKey]: inUse ?? randomBytes(claimsKeyBytes).toString('base64') };
    if (present !== null) {
      const { resourceVersion = null } = metadataOf(present);
      return client.merge(path, { metadata: { resourceVersion }, data });
    }
    const labels = { 'app.kubernetes.io/name': 'kube-harden' };
    return client.create(collection, { metadata: { name: options.secret, labels }, type: 'Opaque', data });
  }

  return { see, keep };
}

function isKubeError(error: unknown, status: number): boolean {
  return error instanceof KubeApiError && error.status === status;
}

/** In base64, as it is stored; undefined where there is no good one. */
function keyIn(secret: JsonObject | null): string | undefined {
  const data = isJsonObject(secret?.['data']) ? secret['data'] : {};
  const { [dataKey]: key } = data;
  return typeof key === 'string' && Buffer.from(key, 'base64').length >= claimsKeyBytes ? key : undefined;
}
