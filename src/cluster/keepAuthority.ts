import type { Authority, Lifetimes } from '../certificates/authority.ts';
import {
  advanceAuthority,
  isExchanged,
  isFresh,
  joinTrust,
  leafValidity,
  trustedBundle,
} from '../certificates/authority.ts';
import { readAuthority, writeAuthority } from '../certificates/authoritySecret.ts';
import type { KeyPair } from '../certificates/issueCertificate.ts';
import { issueCertificate } from '../certificates/issueCertificate.ts';
import type { Moment, Validity } from '../certificates/moment.ts';
import { isUseless } from '../certificates/moment.ts';
import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import type { UseTellerOptions } from './certificateUse.ts';
import { describeUse, makeUseTeller } from './certificateUse.ts';
import { describeFault, metadataOf } from './followObjects.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';

export interface AuthorityKeeperOptions extends UseTellerOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The name of the Secret. */
  readonly secret: string;
  /** What certificates are good for. */
  readonly serverNames: readonly string[];
  readonly lifetimes: Lifetimes;
  readonly setCertificate: (certificate: KeyPair) => void;
  readonly issue?: typeof issueCertificate;
}

/** What the API server is seen to trust. */
export interface PublishedTrust {
  /** Whether it trusts exactly this, in PEM. */
  readonly publishes: (bundle: string) => boolean;
  /** Whether it does not trust this CA's certificate. */
  readonly distrusts: (cert: string) => boolean;
}

/** Keeps the CA that all replicas share in a Secret, and this replica's certificate, which only its memory has. */
export interface AuthorityKeeper {
  readonly see: (secrets: ReadonlyMap<string, JsonObject>) => void;
  /** Looks at the Secret itself, since what is followed may be late. */
  readonly look: () => Promise<void>;
  /** Writes the Secret where it is not as it has to be: each replica does, and whoever is first has done it for all. */
  readonly keepSecret: (publishes: PublishedTrust['publishes']) => Promise<void>;
  /** Issues a certificate where there is none that is fresh. */
  readonly keepCertificate: (distrusts: PublishedTrust['distrusts']) => Promise<void>;
  /** What the API server has to trust, and whom of it first; undefined while no replica could be trusted by it. */
  readonly wanted: () => { readonly bundle: string; readonly signer: string } | undefined;
}

/**
 * How long another CA has been seen to be trusted before it signs for a replica that has a certificate: each API server
 * of several sees it in its own time, mostly within a second. In milliseconds.
 */
const waitForTrust = 5000;

interface Leaf {
  readonly signedBy: string;
  readonly validity: Validity;
}

export function makeAuthorityKeeper(options: AuthorityKeeperOptions): AuthorityKeeper {
  const { client, lifetimes, now, issue = issueCertificate, logger } = options;
  const collection = `/api/v1/namespaces/${options.namespace}/secrets`;
  const path = `${collection}/${options.secret}`;
  /** Undefined until it was looked for; null where there is none. */
  let secret: JsonObject | null | undefined;
  /** What is in it; undefined where that is no authority. */
  let stored: Authority | undefined;
  /** The last good one: what is stored, unless that was deleted, garbled or exchanged for a worse one. */
  let kept: Authority | undefined;
  /** The version of the Secret that was refused last, since one is seen more than once. */
  let refused: Json | undefined;
  let leaf: Leaf | undefined;
  /** Since when the signer is seen to be trusted, where it is another one than the certificate's. */
  let trusted: { readonly signer: string; readonly since: number } | undefined;
  const tellUse = makeUseTeller(options);

  function see(secrets: ReadonlyMap<string, JsonObject>): void {
    secret = secrets.get(options.secret) ?? null;
    try {
      const data = secret !== null && isJsonObject(secret['data']) ? secret['data'] : {};
      stored = readAuthority(data, options.serverNames);
    } catch (error) {
      stored = undefined;
      tellRefusal('CA Secret refused, the old CA stays', describeFault(error));
    }
  }

  function tellRefusal(message: string, error: string): void {
    const version = metadataOf(secret ?? {})['resourceVersion'];
    if (version === refused) return;
    refused = version;
    logger.error(message, { secret: options.secret, error });
  }

  /** Judged anew in each round, since what a clock makes look bad may be good once it is right. */
  function choose(moment: Moment): Authority | undefined {
    if (stored === undefined) return kept;
    const { validity } = stored.signing;
    const isBad = isUseless(validity, moment);
    const isWorse = isBad && kept !== undefined && !isUseless(kept.signing.validity, moment);
    if (isBad) {
      const message = isWorse ? 'CA Secret refused, the old CA stays' : 'CA Secret of no use, another CA is made';
      tellRefusal(message, `its CA ${describeUse(validity, moment)}`);
    }
    // What another good one has signed is in use, so it stays until the Secret has both.
    if (!isWorse && !isExchanged(stored, kept, moment)) kept = stored;
    return kept;
  }

  async function look(): Promise<void> {
    try {
      see(new Map([[options.secret, await client.get(path)]]));
    } catch (error) {
      if (!isRefusal(error, 404)) throw error;
      see(new Map());
    }
  }

  async function advance(publishes: PublishedTrust['publishes']): Promise<Authority | undefined> {
    const moment = now();
    const authority = choose(moment);
    if (stored !== undefined && isExchanged(stored, authority, moment)) return joinTrust(stored, authority);
    const next = await advanceAuthority(authority, publishes, moment, lifetimes);
    return next === authority && authority === stored ? undefined : next;
  }

  async function keepSecret(publishes: PublishedTrust['publishes']): Promise<void> {
    if (secret === undefined || (await advance(publishes)) === undefined) return;
    // Each step is taken by what there is at this moment, and by what the API server's clock says at this moment.
    await look();
    const next = await advance(publishes);
    if (next === undefined) return;
    try {
      see(new Map([[options.secret, await write(next)]]));
      const validTo = next.signing.validity.notAfter.toISOString();
      logger.info('CA written', { secret: options.secret, validTo, ...(next.next && { next: 'waits' }) });
    } catch (error) {
      if (!isRefusal(error, 409) && !isRefusal(error, 404)) throw error;
      // Another replica was quicker, and what it has written is as good; or somebody has deleted it just now.
      await look();
    }
  }

  function write(authority: Authority): Promise<JsonObject> {
    const data = writeAuthority(authority);
    if (secret === undefined || secret === null) return client.create(collection, makeSecret(options.secret, data));
    // With its version, so that what another replica has written in the meantime stays.
    return client.merge(path, {
      metadata: { resourceVersion: metadataOf(secret)['resourceVersion'] ?? null },
      data,
    });
  }

  async function keepCertificate(distrusts: PublishedTrust['distrusts']): Promise<void> {
    try {
      await renew(distrusts);
    } finally {
      tellUse(leaf?.validity);
    }
  }

  async function renew(distrusts: PublishedTrust['distrusts']): Promise<void> {
    const moment = now();
    const authority = choose(moment);
    // A CA that is in no Secret yet may not become the one that all share.
    if (authority === undefined || (leaf === undefined && authority !== stored)) return;
    const { signing } = authority;
    if (isUseless(signing.validity, moment) || !isDue(signing.cert)) return;
    const validity = leafValidity(signing, moment, lifetimes);
    options.setCertificate(await issue(signing, options.serverNames, validity));
    leaf = { signedBy: signing.cert, validity };
    logger.info('certificate issued', { validTo: validity.notAfter.toISOString() });

    function isDue(signer: string): boolean {
      if (leaf === undefined || isUseless(leaf.validity, moment)) return true;
      if (leaf.signedBy === signer) return !isFresh(leaf.validity, signing, moment, lifetimes);
      return isLongTrusted(signer, distrusts, moment) || distrusts(leaf.signedBy);
    }
  }

  function isLongTrusted(signer: string, distrusts: PublishedTrust['distrusts'], { latest }: Moment): boolean {
    if (distrusts(signer)) {
      trusted = undefined;
      return false;
    }
    // What began in the future was noted by a clock that was ahead.
    if (trusted?.signer !== signer || trusted.since > latest) trusted = { signer, since: latest };
    return latest - trusted.since >= Math.min(waitForTrust, lifetimes.certificate / 10);
  }

  return {
    see,
    look,
    keepSecret,
    keepCertificate,
    wanted: () => {
      const authority = choose(now());
      if (authority === undefined || authority !== stored) return undefined;
      return { bundle: trustedBundle(authority), signer: authority.signing.cert };
    },
  };
}

function isRefusal(error: unknown, status: number): boolean {
  return error instanceof KubeApiError && error.status === status;
}

function makeSecret(name: string, data: Readonly<Record<string, string | null>>): JsonObject {
  return {
    metadata: { name, labels: { 'app.kubernetes.io/name': 'kube-harden' } },
    type: 'kubernetes.io/tls',
    data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)),
  };
}
