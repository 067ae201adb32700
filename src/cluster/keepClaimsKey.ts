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
  /** Gets each key that comes to be in use; undefined where there is none any more. */
  readonly useKey: (bytes: Uint8Array | undefined) => void;
  readonly logger: Logger;
}

/**
 * Keeps the key that claims are signed by in a Secret, which all replicas share. It is made once and lasts: a debug
 * container may come to a pod that was hardened a year ago. Whoever deletes the Secret has a new one made.
 */
export interface ClaimsKeyKeeper {
  readonly see: (secrets: ReadonlyMap<string, JsonObject>) => void;
  /** Makes the key where there is none, or none that is good. Any replica may: the first one that does it wins. */
  readonly keep: () => Promise<void>;
}

const dataKey = 'key';

export function makeClaimsKeyKeeper(options: ClaimsKeyOptions): ClaimsKeyKeeper {
  const { client, namespace, useKey, logger } = options;
  /** Undefined until it was looked for; null where there is none. */
  let secret: JsonObject | null | undefined;
  let inUse: string | undefined;

  function see(secrets: ReadonlyMap<string, JsonObject>): void {
    secret = secrets.get(options.secret) ?? null;
    const key = keyIn(secret);
    if (key === inUse) return;
    inUse = key;
    useKey(key === undefined ? undefined : Buffer.from(key, 'base64'));
    if (key === undefined) logger.warn('claims key gone', { secret: options.secret });
    else logger.info('claims key in use', { secret: options.secret });
  }

  async function keep(): Promise<void> {
    if (secret === undefined || inUse !== undefined) return;
    try {
      const written = await write(secret);
      logger.info('claims key written', { secret: options.secret });
      see(new Map([[options.secret, written]]));
    } catch (error) {
      // Another replica was quicker: its key is on its way.
      if (!(error instanceof KubeApiError) || error.status !== 409) throw error;
    }
  }

  function write(present: JsonObject | null): Promise<JsonObject> {
    const data = { [dataKey]: randomBytes(claimsKeyBytes).toString('base64') };
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    if (present !== null) {
      const { resourceVersion = null } = metadataOf(present);
      return client.merge(`${path}/${options.secret}`, { metadata: { resourceVersion }, data });
    }
    const labels = { 'app.kubernetes.io/name': 'kube-harden' };
    return client.create(path, { metadata: { name: options.secret, labels }, type: 'Opaque', data });
  }

  return { see, keep };
}

/** In base64, as it is stored; undefined where there is no good one. */
function keyIn(secret: JsonObject | null): string | undefined {
  const data = isJsonObject(secret?.['data']) ? secret['data'] : {};
  const { [dataKey]: key } = data;
  return typeof key === 'string' && Buffer.from(key, 'base64').length >= claimsKeyBytes ? key : undefined;
}
