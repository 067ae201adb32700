import type { Logger } from 'winston';
import type { Lifetimes } from '../../src/certificates/authority.ts';
import type { KeyPair } from '../../src/certificates/issueCertificate.ts';
import type { Validity } from '../../src/certificates/moment.ts';
import { momentOf } from '../../src/certificates/moment.ts';
import { makeAuthorityKeeper } from '../../src/cluster/keepAuthority.ts';
import { configurationName, configurationsPath, makeConfigurationKeeper } from '../../src/cluster/keepConfiguration.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { serveIssued } from '../../src/run/servingCertificate.ts';
import type { FakeKubeApi } from '../cluster/fakeKubeApi.ts';
import { someChoices } from '../cluster/webhooks.ts';

export const caSecret = 'kube-harden-ca';
export const secretPath = `/api/v1/namespaces/kube-harden/secrets/${caSecret}`;
export const configurationPath = `${configurationsPath}/${configurationName}`;

/** A certificate as far as it matters here: who has signed it, and when it is good. */
export interface IssuedLeaf {
  readonly signedBy: string;
  readonly validity: Validity;
}

/** What a replica does for its certificate, by its own clock: what `run/upkeep.ts` puts together, without processes. */
export interface Replica {
  /** One round, by what the API server has at this moment, or had at an earlier one. */
  readonly round: (isLeader?: boolean) => Promise<void>;
  /** What it would see by its watches. */
  readonly see: () => void;
  readonly leaf: () => IssuedLeaf | undefined;
  readonly isReady: () => boolean;
  readonly issued: () => number;
  readonly logged: readonly (readonly [level: string, message: string, entry: object | undefined])[];
  /** How far its clock is ahead, in milliseconds. */
  shift: number;
}

export interface World {
  readonly api: FakeKubeApi;
  readonly lifetimes: Lifetimes;
  /** The true time, in milliseconds since 1970. */
  now: number;
  /** How far the API server's clock is ahead, in milliseconds. */
  serverShift: number;
}

export function startReplica(world: World, shift = 0): Replica {
  const { api, lifetimes } = world;
  const logged: (readonly [string, string, object | undefined])[] = [];
  const log =
    (level: string) =>
    (message: string, entry?: object): void => {
      logged.push([level, message, entry]);
    };
  const logger = { error: log('error'), warn: log('warn'), info: log('info') } as unknown as Logger;
  let [leaf, isReady, issued]: [IssuedLeaf | undefined, boolean, number] = [undefined, false, 0];
  const authority = makeAuthorityKeeper({
    client: api.client,
    namespace: 'kube-harden',
    secret: caSecret,
    serverNames: ['kube-harden.kube-harden.svc'],
    lifetimes,
    // A `Date` header has whole seconds.
    now: () => momentOf(world.now + replica.shift, Math.floor((world.now + world.serverShift) / 1000) * 1000),
    setCertificate: ({ cert }: KeyPair) => {
      const [signedBy = '', notBefore, notAfter] = JSON.parse(cert) as string[];
      leaf = { signedBy, validity: { notBefore: new Date(notBefore ?? ''), notAfter: new Date(notAfter ?? '') } };
    },
    tellUse: (isUsable) => {
      isReady = isUsable;
    },
    // A real one takes milliseconds, and there are years of them.
    issue: async ({ cert }, _names, { notBefore, notAfter }) => {
      issued += 1;
      return { cert: JSON.stringify([cert, notBefore, notAfter]), key: '' };
    },
    logger,
  });
  const configuration = makeConfigurationKeeper({ client: api.client, logger, elapsed: () => world.now });
  const serving = serveIssued(authority);
  const follow = (path: string, name: string): ReadonlyMap<string, JsonObject> => {
    const object = api.read(path);
    return new Map(object === undefined ? [] : [[name, object]]);
  };
  const seen: (JsonObject | undefined)[] = [];
  const replica: Replica = {
    see: () => {
      // Reading a Secret costs something, and informers tell of changes alone.
      if (seen.length === 0 || seen[0] !== api.read(secretPath)) authority.see(follow(secretPath, caSecret));
      configuration.see(follow(configurationPath, configurationName));
      seen[0] = api.read(secretPath);
    },
    round: async (isLeader = false) => {
      await serving.keep(configuration);
      const caBundle = serving.caBundle();
      if (caBundle === undefined || !isLeader) return;
      await configuration.keep({ ...someChoices, caBundle });
    },
    leaf: () => leaf,
    isReady: () => isReady,
    issued: () => issued,
    logged,
    shift,
  };
  return replica;
}
