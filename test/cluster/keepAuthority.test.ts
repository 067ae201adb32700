import { expect } from 'chai';
import type { Authority } from '../../src/certificates/authority.ts';
import { readSigner, trustedBundle } from '../../src/certificates/authority.ts';
import { readAuthority, writeAuthority } from '../../src/certificates/authoritySecret.ts';
import { makeAuthority } from '../../src/certificates/issueCertificate.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import { trustedBundles } from '../../src/cluster/publishedTrust.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { isJsonObject } from '../../src/core/json/json.ts';
import type { Cluster } from '../run/cluster.ts';
import { day, hour, makeCluster, second } from '../run/cluster.ts';
import type { Replica } from '../run/replica.ts';
import { configurationPath, secretPath, startReplica } from '../run/replica.ts';

/** One that is good for so many days around the cluster's start. */
async function makeCa({ world }: Cluster, from: number, to: number): Promise<Authority> {
  const validity = { notBefore: new Date(world.now + from * day), notAfter: new Date(world.now + to * day) };
  const signing = readSigner(await makeAuthority('a CA', validity));
  return { signing, next: undefined, retired: undefined, published: undefined };
}

function putSecret({ world }: Cluster, authority: Authority): void {
  const data = Object.fromEntries(Object.entries(writeAuthority(authority)).filter(([, value]) => value !== null));
  world.api.put(secretPath, { metadata: { name: 'kube-harden-ca' }, data });
}

function dataOf({ world }: Cluster): JsonObject {
  const data = world.api.read(secretPath)?.['data'];
  return isJsonObject(data) ? data : {};
}

const caOf = (cluster: Cluster): string | undefined => readAuthority(dataOf(cluster))?.signing.cert;

const bundlesOf = ({ world }: Cluster): readonly string[] => trustedBundles(world.api.read(configurationPath) ?? {});

const signersOf = ({ replicas }: Cluster): readonly (string | undefined)[] =>
  replicas.map((replica) => replica.leaf()?.signedBy);

const errorsOf = ({ logged }: Replica): readonly string[] =>
  logged
    .filter(([level]) => level === 'error')
    .map(([, message, entry]) => `${message}: ${String((entry as { error?: string }).error)}`);

async function makeRunning(): Promise<Cluster> {
  const cluster = makeCluster();
  await cluster.settle();
  return cluster;
}

/** Both replicas killed, and nobody holds the Lease for as long as the dead one did. */
function killAll(cluster: Cluster): void {
  cluster.leader = undefined;
  cluster.replicas[0] = startReplica(cluster.world);
  cluster.replicas[1] = startReplica(cluster.world);
}

describe('the CA that all replicas share', () => {
  it("is made at once by whoever starts where there is none, and is everybody's", async () => {
    const cluster = makeCluster();
    cluster.leader = undefined;
    await cluster.settle();
    expect(signersOf(cluster)).to.deep.equal([caOf(cluster), caOf(cluster)]);
    expect(cluster.replicas.map((replica) => replica.isReady())).to.deep.equal([true, true]);
  });

  it('is one, though another replica has made it at the same moment', async () => {
    const cluster = makeCluster();
    const other = await makeCa(cluster, -1, 365);
    let isFirst = true;
    cluster.world.api.intercept = (request) => {
      if (request.startsWith('POST') && isFirst) {
        isFirst = false;
        putSecret(cluster, other);
      }
    };
    const [replica] = cluster.replicas;
    replica.see();
    await replica.round();
    expect(replica.leaf()?.signedBy).to.equal(other.signing.cert);
    expect(caOf(cluster)).to.equal(other.signing.cert);
  });

  it('is made and trusted at once where all have died and the Secret is gone, though nobody leads', async () => {
    const cluster = await makeRunning();
    const before = caOf(cluster);
    killAll(cluster);
    cluster.world.api.remove(secretPath);
    await cluster.settle();
    const wanted = trustedBundle(readAuthority(dataOf(cluster)) as Authority);
    expect(caOf(cluster)).to.not.equal(before);
    // Nobody knows whether it is still in use.
    expect(bundlesOf(cluster)).to.deep.equal([`${wanted}${before?.trim()}\n`]);
    expect(signersOf(cluster)).to.deep.equal([caOf(cluster), caOf(cluster)]);
    cluster.leader = 1;
    await cluster.settle();
    expect(bundlesOf(cluster)).to.deep.equal([wanted]);
  });

  it('is written again as it was where the Secret is deleted or garbled', async () => {
    const cluster = await makeRunning();
    const before = dataOf(cluster);
    cluster.leader = undefined;
    cluster.world.api.remove(secretPath);
    await cluster.settle();
    expect(dataOf(cluster)).to.deep.equal(before);
    cluster.world.api.put(secretPath, { metadata: { name: 'kube-harden-ca' }, data: { 'tls.crt': 'Z2FyYmFnZQ==' } });
    await cluster.settle();
    expect(dataOf(cluster)).to.deep.equal(before);
    expect(errorsOf(cluster.replicas[0])).to.deep.equal([
      'CA Secret refused, the old CA stays: tls.crt and tls.key go together',
    ]);
    expect(cluster.refusals).to.deep.equal([]);
  });

  for (const [what, from, to, problem] of [
    ['has ended', -365, -1, 'has ended at 2025-12-31T00:00:00.000Z'],
    ['is not valid yet', 400, 765, 'is not valid before 2027-02-05T00:00:00.000Z'],
  ] as const) {
    it(`is not given up for one that ${what}`, async () => {
      const cluster = await makeRunning();
      const before = dataOf(cluster);
      putSecret(cluster, await makeCa(cluster, from, to));
      await cluster.settle();
      expect(dataOf(cluster)).to.deep.equal(before);
      expect(cluster.refusals).to.deep.equal([]);
      expect(errorsOf(cluster.replicas[0])).to.deep.equal([`CA Secret refused, the old CA stays: its CA ${problem}`]);
    });

    it(`is replaced in the first round where it ${what}, and told`, async () => {
      const cluster = makeCluster();
      cluster.leader = undefined;
      const bad = await makeCa(cluster, from, to);
      putSecret(cluster, bad);
      await cluster.settle();
      expect(caOf(cluster)).to.not.equal(bad.signing.cert);
      expect(signersOf(cluster)).to.deep.equal([caOf(cluster), caOf(cluster)]);
      expect(errorsOf(cluster.replicas[0])).to.deep.equal([
        `CA Secret of no use, another CA is made: its CA ${problem}`,
      ]);
    });

    it(`makes nobody ready where it ${what} and cannot be replaced`, async () => {
      const cluster = makeCluster();
      putSecret(cluster, await makeCa(cluster, from, to));
      cluster.world.api.intercept = (request) => {
        if (request.startsWith('PATCH')) throw new KubeApiError(403, 'forbidden');
      };
      const [replica] = cluster.replicas;
      replica.see();
      const failure = await replica.round().catch((error: unknown) => String(error));
      expect(failure).to.equal('KubeApiError: forbidden');
      expect([replica.isReady(), replica.issued()]).to.deep.equal([false, 0]);
      cluster.world.api.intercept = () => {};
      await cluster.settle();
      expect(replica.isReady()).to.equal(true);
    });
  }

  it('goes no step by what was seen a while ago', async () => {
    const cluster = await makeRunning();
    await cluster.pass(250 * day);
    const late = startReplica(cluster.world);
    late.see();
    await cluster.pass(day);
    const [before, writes] = [dataOf(cluster), cluster.world.api.asked.length];
    // It has seen a CA that waits to be published, and it is not.
    cluster.world.now += 13 * day;
    await late.round();
    expect(dataOf(cluster)).to.not.deep.equal(before);
    expect(cluster.world.api.asked.slice(writes).filter((request) => request === `GET ${secretPath}`)).to.have.length(
      1,
    );
  });
});

describe("a replica's certificate", () => {
  it('is issued anew after half of its life, though the API server does not answer', async () => {
    const cluster = await makeRunning();
    const [replica] = cluster.replicas;
    cluster.world.api.intercept = () => {
      throw new Error('connect ECONNREFUSED');
    };
    // Beyond the day on which the next CA would be made.
    for (let count = 0; count < 250 * 4; count += 1) {
      cluster.world.now += 6 * hour;
      await replica.round(true).catch(() => {});
      expect(replica.isReady()).to.equal(true);
    }
    expect(replica.issued()).to.be.within(333, 501);
    expect(replica.leaf()?.validity.notAfter.getTime()).to.be.above(cluster.world.now + 12 * hour);
  });

  it('is not issued again and again in the last hours of a CA that cannot be replaced', async () => {
    const cluster = makeCluster();
    putSecret(cluster, await makeCa(cluster, -364, 1.5));
    const [replica] = cluster.replicas;
    cluster.world.api.intercept = () => {
      throw new KubeApiError(403, 'forbidden');
    };
    replica.see();
    for (let minutes = 0; minutes < 36 * 60; minutes += 10) {
      await replica.round().catch(() => {});
      expect(replica.isReady()).to.equal(true);
      cluster.world.now += 600 * second;
    }
    expect(replica.issued()).to.equal(2);
    await replica.round().catch(() => {});
    expect([replica.isReady(), replica.issued()]).to.deep.equal([false, 2]);
    expect(errorsOf(replica).slice(-1)).to.deep.equal([
      'certificate of no use: it has ended at 2026-01-02T12:00:00.000Z',
    ]);
  });

  it('is good for the API server while the clock of a replica that starts is wrong, and afterwards', async () => {
    for (const shift of [2 * hour, 13 * hour, 260 * day, 400 * day, -2 * hour, -13 * hour, -260 * day, -400 * day]) {
      const cluster = makeCluster();
      cluster.leader = undefined;
      cluster.replicas[0].shift = shift;
      cluster.replicas[1].shift = shift;
      await cluster.settle();
      expect(signersOf(cluster)).to.deep.equal([caOf(cluster), caOf(cluster)]);
      await cluster.pass(6 * second);
      for (const replica of cluster.replicas) replica.shift = 0;
      await cluster.pass(second);
      for (let hours = 0; hours < 13 * 24; hours += 8) await cluster.pass(8 * hour);
      expect(cluster.refusals, String(shift / hour)).to.deep.equal([]);
      expect(cluster.replicas.map((replica) => replica.isReady())).to.deep.equal([true, true]);
    }
  });

  it('changes with the trust where somebody puts another CA into the Secret', async () => {
    const cluster = await makeRunning();
    const other = await makeCa(cluster, -1, 300);
    const [replica] = cluster.replicas;
    const before = replica.leaf()?.signedBy;
    putSecret(cluster, other);
    replica.see();
    cluster.world.api.intercept = (request) => {
      if (request.startsWith('PATCH')) throw new KubeApiError(403, 'forbidden');
    };
    await replica.round().catch(() => {});
    expect(replica.leaf()?.signedBy, 'not trusted yet').to.equal(before);
    cluster.world.api.intercept = () => {};
    await cluster.settle();
    await cluster.pass(5 * second);
    expect(signersOf(cluster)).to.deep.equal([other.signing.cert, other.signing.cert]);
  });
});

describe('the exchange of a good CA for another good one in the Secret', () => {
  /** Who of the replicas has a certificate that the API server does not trust, at each request and after each round. */
  function watchTrust(cluster: Cluster): readonly string[] {
    const lost: string[] = [];
    cluster.world.api.intercept = (request) => {
      for (const [index, signer] of signersOf(cluster).entries()) {
        const isTrusted = bundlesOf(cluster).every((bundle) => bundle.includes(signer?.trim() ?? ''));
        if (!isTrusted) lost.push(`replica ${index} before ${request}`);
      }
    };
    return lost;
  }

  for (const leader of [0, 1, undefined] as const) {
    it(`takes no replica its trust where ${leader === undefined ? 'nobody' : `replica ${leader}`} leads`, async () => {
      const cluster = await makeRunning();
      const [first, other] = [caOf(cluster), await makeCa(cluster, -1, 300)];
      const backup = readAuthority(dataOf(cluster)) as Authority;
      cluster.leader = leader;
      const lost = watchTrust(cluster);
      // Another one, an old backup, and the other one again.
      for (const [before, put] of [
        [first, other],
        [other.signing.cert, backup],
        [first, other],
      ] as const) {
        putSecret(cluster, put);
        await cluster.settle();
        const { signing, retired } = readAuthority(dataOf(cluster)) as Authority;
        expect([signing.cert, retired?.cert]).to.deep.equal([put.signing.cert, before]);
        expect(bundlesOf(cluster).every((bundle) => bundle.includes(put.signing.cert.trim()))).to.equal(true);
        expect(signersOf(cluster), 'every API server sees it first').to.deep.equal([before, before]);
        await cluster.pass(5 * second);
        expect(signersOf(cluster)).to.deep.equal([put.signing.cert, put.signing.cert]);
      }
      expect([lost, cluster.refusals]).to.deep.equal([[], []]);
      expect(cluster.replicas.flatMap(errorsOf)).to.deep.equal([]);
    });
  }

  it('is joined once, though both replicas see it at the same moment', async () => {
    const cluster = await makeRunning();
    const [one, two] = cluster.replicas;
    const lost = watchTrust(cluster);
    putSecret(cluster, await makeCa(cluster, -1, 300));
    one.see();
    two.see();
    await Promise.all([one.round(true), two.round()]);
    await cluster.settle();
    await cluster.pass(5 * second);
    expect(signersOf(cluster)).to.deep.equal([caOf(cluster), caOf(cluster)]);
    expect([lost, cluster.refusals]).to.deep.equal([[], []]);
  });

  it('keeps the certificate trusted that is in use where a replica starts that knows no other CA', async () => {
    const cluster = await makeRunning();
    const lost = watchTrust(cluster);
    const [, old] = cluster.replicas;
    putSecret(cluster, await makeCa(cluster, -1, 300));
    cluster.leader = 1;
    cluster.replicas[0] = startReplica(cluster.world);
    cluster.replicas[0].see();
    await cluster.replicas[0].round();
    expect(cluster.replicas[0].leaf()?.signedBy).to.equal(caOf(cluster));
    const [bundle = ''] = bundlesOf(cluster);
    expect(bundle).to.include(old.leaf()?.signedBy.trim()).and.to.include(caOf(cluster)?.trim());
    await cluster.settle();
    await cluster.pass(5 * second);
    expect(signersOf(cluster)).to.deep.equal([caOf(cluster), caOf(cluster)]);
    expect([lost, cluster.refusals]).to.deep.equal([[], []]);
  });
});

describe('the trust of the API server', () => {
  it('is written once by a replica that does not lead, and left to the one that does', async () => {
    const cluster = await makeRunning();
    killAll(cluster);
    const distrust = (): void => {
      const webhooks = cluster.world.api.read(configurationPath)?.['webhooks'] as readonly JsonObject[];
      const clientConfig = { caBundle: '' };
      cluster.world.api.put(configurationPath, {
        metadata: { name: 'kube-harden' },
        webhooks: webhooks.map((webhook) => ({ ...webhook, clientConfig })),
      });
    };
    distrust();
    await cluster.settle();
    expect(bundlesOf(cluster)).to.deep.equal([trustedBundle(readAuthority(dataOf(cluster)) as Authority)]);
    const [first] = cluster.replicas;
    distrust();
    first.see();
    await first.round();
    expect(bundlesOf(cluster)).to.deep.equal(['']);
    cluster.leader = 0;
    await cluster.settle();
    expect(bundlesOf(cluster)).to.deep.equal([trustedBundle(readAuthority(dataOf(cluster)) as Authority)]);
  });
});
