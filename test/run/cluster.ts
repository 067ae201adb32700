import { defaultLifetimes } from '../../src/certificates/authority.ts';
import type { Validity } from '../../src/certificates/moment.ts';
import { validityOf } from '../../src/certificates/moment.ts';
import { trustedBundles } from '../../src/cluster/publishedTrust.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { makeFakeKubeApi } from '../cluster/fakeKubeApi.ts';
import type { IssuedLeaf, Replica, World } from './replica.ts';
import { configurationPath, secretPath, startReplica } from './replica.ts';

export const second = 1000;
export const hour = 3600 * second;
export const day = 24 * hour;

/** Each step of a CA's life is a write and a round to see it, and no moment has all of them. */
const mostRounds = 10;

/** Two replicas, an API server, and a time that passes as the test says. */
export interface Cluster {
  readonly world: World;
  readonly replicas: [Replica, Replica];
  /** Which replica holds the Lease; undefined where nobody does. */
  leader: 0 | 1 | undefined;
  /** Each time that the API server would have refused a ready replica's certificate, and why. */
  readonly refusals: readonly string[];
  /** How long each CA was trusted without a break when it began to sign, in milliseconds; the first one is left out. */
  readonly trustedBeforeSigning: readonly number[];
  /** Rounds of all replicas until nobody writes any more. */
  readonly settle: () => Promise<void>;
  readonly pass: (milliseconds: number) => Promise<void>;
  /** Puts a process that remembers nothing in the place of another one. */
  readonly restart: (index: 0 | 1, shift?: number) => Promise<void>;
}

export function makeCluster(): Cluster {
  const api = makeFakeKubeApi();
  api.put(configurationPath, { metadata: { name: 'kube-harden' }, webhooks: [] });
  const world: World = { api, lifetimes: defaultLifetimes, now: Date.UTC(2026, 0, 1), serverShift: 0 };
  const refusals: string[] = [];
  const trustedBeforeSigning: number[] = [];
  const validities = new Map<string, Validity>();
  const trustedSince = new Map<string, number>();
  let signer = '';

  const judge = (): void => {
    const now = world.now + world.serverShift;
    const bundles = trustedBundles(api.read(configurationPath) ?? {});
    const trusts = (cert: string): boolean => bundles.every((bundle) => bundle.includes(cert.trim()));
    for (const [index, replica] of cluster.replicas.entries()) {
      const leaf = replica.leaf();
      // One that is not ready gets no calls.
      if (leaf === undefined || !replica.isReady()) continue;
      const { signedBy } = leaf;
      if (!validities.has(signedBy)) validities.set(signedBy, validityOf(signedBy));
      const problem = judgeLeaf(leaf, validities.get(signedBy), trusts(signedBy), now);
      if (problem !== undefined) refusals.push(`${new Date(now).toISOString()}, replica ${index}: ${problem}`);
    }
    for (const cert of trustedSince.keys()) if (!trusts(cert)) trustedSince.delete(cert);
    for (const cert of certificatesIn(bundles[0] ?? '')) {
      if (!trustedSince.has(cert)) trustedSince.set(cert, world.now);
    }
    const data = (api.read(secretPath)?.['data'] ?? {}) as JsonObject;
    const present = Buffer.from(String(data['tls.crt'] ?? ''), 'base64').toString();
    if (present === signer) return;
    if (signer !== '') trustedBeforeSigning.push(world.now - (trustedSince.get(present.trim()) ?? world.now));
    signer = present;
  };

  const countWrites = (): number => api.asked.filter((request) => !request.startsWith('GET')).length;
  const settle = async (): Promise<void> => {
    for (let [before, rounds] = [-1, 0]; before !== countWrites(); rounds += 1) {
      before = countWrites();
      if (rounds > mostRounds) throw new Error('the replicas write for ever');
      for (const [index, replica] of cluster.replicas.entries()) {
        replica.see();
        await replica.round(index === cluster.leader);
        judge();
      }
    }
  };
  const cluster: Cluster = {
    world,
    replicas: [startReplica(world), startReplica(world)],
    leader: 0,
    refusals,
    trustedBeforeSigning,
    settle,
    pass: async (milliseconds) => {
      world.now += milliseconds;
      await settle();
    },
    restart: async (index, shift = 0) => {
      cluster.replicas[index] = startReplica(world, shift);
      await settle();
    },
  };
  return cluster;
}

function judgeLeaf(
  leaf: IssuedLeaf,
  authority: Validity | undefined,
  isTrusted: boolean,
  now: number,
): string | undefined {
  if (!isTrusted) return 'not trusted';
  for (const [what, validity] of [
    ['leaf', leaf.validity],
    ['CA', authority],
  ] as const) {
    if (validity === undefined || validity.notBefore.getTime() > now) return `${what} not valid yet`;
    if (validity.notAfter.getTime() < now) return `${what} has ended`;
  }
  return undefined;
}

function certificatesIn(bundle: string): readonly string[] {
  return [...bundle.matchAll(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g)].map(([cert]) => cert);
}
