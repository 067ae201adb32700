import type { Logger } from 'winston';
import type { Authority, Lifetimes } from '../certificates/authority.ts';
import {
  advanceAuthority,
  endOf,
  readAuthority,
  trustedBundle,
  validityFrom,
  writeAuthority,
} from '../certificates/authority.ts';
import type { KeyPair } from '../certificates/issueCertificate.ts';
import { issueCertificate } from '../certificates/issueCertificate.ts';
import type { JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import { describeFault, metadataOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';

export interface AuthorityKeeperOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The name of the Secret. */
  readonly secret: string;
  /** What certificates are good for. */
  readonly serverNames: readonly string[];
  readonly lifetimes: Lifetimes;
  readonly setCertificate: (certificate: KeyPair) => void;
  readonly logger: Logger;
}

/** Keeps the CA that all replicas share in a Secret, and this replica's certificate, which only its memory has. */
export interface AuthorityKeeper {
  readonly see: (secrets: ReadonlyMap<string, JsonObject>) => void;
  /** Writes the Secret where it is not as it has to be; for one replica alone. */
  readonly keepSecret: (trustedSince: (bundle: string) => number | undefined) => Promise<void>;
  /** Issues a certificate where there is none that is fresh. */
  readonly keepCertificate: () => Promise<void>;
  /** What the API server has to trust; undefined while no replica could be trusted by it. */
  readonly bundle: () => string | undefined;
}

interface Leaf {
  readonly signedBy: string;
  /** Milliseconds since 1970. */
  readonly end: number;
}

export function makeAuthorityKeeper(options: AuthorityKeeperOptions): AuthorityKeeper {
  const { client, lifetimes, logger } = options;
  /** Undefined until it was looked for; null where there is none. */
  let secret: JsonObject | null | undefined;
  /** The last good one: what is in the Secret, unless that was deleted or garbled. */
  let authority: Authority | undefined;
  let isStored = false;
  let leaf: Leaf | undefined;

  function see(secrets: ReadonlyMap<string, JsonObject>): void {
    secret = secrets.get(options.secret) ?? null;
    try {
      const stored = readAuthority(secret !== null && isJsonObject(secret['data']) ? secret['data'] : {});
      // From a backup, perhaps, that is older than any CA lasts.
      if (stored !== undefined && hasEnded(stored) && authority !== undefined && !hasEnded(authority)) {
        throw new Error('its CA has ended');
      }
      isStored = stored !== undefined;
      authority = stored ?? authority;
    } catch (error) {
      isStored = false;
      logger.error('CA Secret refused, the old CA stays', { secret: options.secret, error: describeFault(error) });
    }
  }

  async function keepSecret(trustedSince: (bundle: string) => number | undefined): Promise<void> {
    if (secret === undefined) return;
    const since = authority && trustedSince(trustedBundle(authority));
    const next = await advanceAuthority(authority, since, Date.now(), lifetimes);
    if (next === authority && isStored) return;
    const data = writeAuthority(next);
    const path = `/api/v1/namespaces/${options.namespace}/secrets`;
    const written =
      secret === null
        ? await client.create(path, makeSecret(options.secret, data))
        : // With its version, so that what another replica has written in the meantime stays.
          await client.merge(`${path}/${options.secret}`, {
            metadata: { resourceVersion: metadataOf(secret)['resourceVersion'] ?? null },
            data,
          });
    logger.info('CA written', { secret: options.secret, validTo: new Date(endOf(next.signing.cert)).toISOString() });
    see(new Map([[options.secret, written]]));
  }

  async function keepCertificate(): Promise<void> {
    // A CA that is in no Secret yet may not become the one that all share.
    if (authority === undefined || (leaf === undefined && !isStored)) return;
    const now = Date.now();
    const signedBy = authority.signing.cert;
    if (leaf !== undefined && leaf.signedBy === signedBy && leaf.end - now > lifetimes.certificate / 2) return;
    const end = Math.min(now + lifetimes.certificate, endOf(signedBy));
    options.setCertificate(
      await issueCertificate(authority.signing, options.serverNames, validityFrom(now, end - now)),
    );
    leaf = { signedBy, end };
    logger.info('certificate issued', { validTo: new Date(end).toISOString() });
  }

  return {
    see,
    keepSecret,
    keepCertificate,
    bundle: () => (authority !== undefined && isStored ? trustedBundle(authority) : undefined),
  };
}

function hasEnded({ signing }: Authority): boolean {
  return endOf(signing.cert) <= Date.now();
}

function makeSecret(name: string, data: Readonly<Record<string, string | null>>): JsonObject {
  return {
    metadata: { name, labels: { 'app.kubernetes.io/name': 'kube-harden' } },
    type: 'kubernetes.io/tls',
    data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)),
  };
}
