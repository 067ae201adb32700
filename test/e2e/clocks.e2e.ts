import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { readSigner } from '../../src/certificates/authority.ts';
import { writeAuthority } from '../../src/certificates/authoritySecret.ts';
import { makeAuthority } from '../../src/certificates/issueCertificate.ts';
import { policiesPath } from '../../src/cluster/policyResource.ts';
import { trustedBundles } from '../../src/cluster/publishedTrust.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { manifests } from '../install/install.ts';
import { until } from '../server/client.ts';
import type { Balancer } from './balancer.ts';
import { startBalancer } from './balancer.ts';
import { describeOnEach } from './controlPlanes.ts';
import { isReady, isTrusted } from './probes.ts';
import type { Serving, WrongClock } from './webhookServer.ts';
import { configurations, startServe } from './webhookServer.ts';

const user = 'system:serviceaccount:kube-harden:kube-harden';
const secretPath = '/api/v1/namespaces/kube-harden/secrets/kube-harden-ca';
const configurationPath = `${configurations}/kube-harden`;

const hour = 3_600_000;
const day = 24 * hour;
const jumps = [2 * hour, 13 * hour, 260 * day, 400 * day];

/** What a replica may take to start, or to lead: the Lease of one that was killed lasts fifteen seconds more. */
const millisecondsToStart = 30_000;

describeOnEach(
  'certificates',
  (controlPlane, isNewest) => {
    let balancer: Balancer;
    let replicas: Serving[] = [];

    const start = (clock?: WrongClock): Promise<Serving> =>
      startServe(
        [
          ...['--cluster', '--kubeconfig', controlPlane().kubeconfigOf(user), '--port', '0', '--drain-seconds', '0'],
          ...['--webhook-url', `https://127.0.0.1:${balancer.port}`],
        ],
        clock,
      );
    const startAll = async (clocks: readonly (WrongClock | undefined)[]): Promise<void> => {
      replicas.push(...(await Promise.all(clocks.map(start))));
    };
    /** As a Service does, calls go to those that are ready. */
    const balance = async (): Promise<void> => {
      const ready = await Promise.all(replicas.map(isReady));
      balancer.setPorts(replicas.filter((_, index) => ready[index]).map(({ port }) => port));
    };
    const killAll = async (): Promise<void> => {
      balancer.setPorts([]);
      await Promise.all(replicas.map(({ kill }) => kill()));
      replicas = [];
    };
    const bundlesNow = async (): Promise<readonly string[]> =>
      trustedBundles(await controlPlane().api.get(configurationPath));
    const caNow = async (): Promise<string> => {
      const { data } = await controlPlane().api.get(secretPath);
      return Buffer.from(String((data as JsonObject)['tls.crt']), 'base64').toString();
    };
    /** What the API server says to a pod; undefined where it is hardened. */
    const refusal = async (): Promise<string | undefined> => {
      const { status, body } = await controlPlane().api.request('POST', '/api/v1/namespaces/hard/pods?dryRun=All', {
        metadata: { name: 'web' },
        spec: { containers: [{ name: 'web', image: 'nginx' }] },
      });
      return status === 201 ? undefined : String(body['message']);
    };

    /** For so long no pod is refused, and no replica that is ready shows what the API server would not take anew. */
    async function expectGood(milliseconds: number): Promise<void> {
      const end = performance.now() + milliseconds;
      while (performance.now() < end) {
        await balance();
        const [bundle = '', ...others] = await bundlesNow();
        expect(others).to.deep.equal([]);
        for (const replica of replicas) {
          if (await isReady(replica))
            expect(await isTrusted(replica.port, bundle), String(replica.port)).to.equal(true);
        }
        expect(await refusal()).to.equal(undefined);
        await sleep(100);
      }
    }

    const untilAllReady = (): Promise<void> =>
      until(async () => (await Promise.all(replicas.map(isReady))).every(Boolean), millisecondsToStart);
    const toggleAll = (): void => {
      for (const { send } of replicas) send('SIGUSR2');
    };

    before(async () => {
      balancer = await startBalancer();
      const { api, kubectl, makeNamespace } = controlPlane();
      const installed = kubectl(['apply', '-k', join(manifests, 'overlays/opt-in')]);
      expect(installed.status, installed.stderr).to.equal(0);
      await until(async () => (await api.request('GET', policiesPath)).status === 200);
      await makeNamespace('hard', { 'kube-harden.io/enforce': 'restricted' });
      await startAll([undefined, undefined]);
      await untilAllReady();
      await balance();
      await until(async () => (await bundlesNow()).length === 1 && (await refusal()) === undefined);
    });
    after(async () => {
      await killAll();
      balancer.stop();
    });

    for (const [direction, sign] of [
      ['ahead', 1],
      ['behind', -1],
    ] as const) {
      it(`are good beside replicas that start with clocks ${direction} for six seconds`, async () => {
        const ca = await caNow();
        await startAll(jumps.map((jump) => ({ shift: sign * jump, isWrongAtFirst: true })));
        await untilAllReady();
        const told = replicas.slice(-jumps.length).map(({ logged }) => logged().map(({ message }) => message));
        const expected = "clock differs from the API server's: the CA changes only where both agree";
        for (const messages of told) expect(messages).to.include(expected);
        await expectGood(6000);
        for (const { send } of replicas.slice(-jumps.length)) send('SIGUSR2');
        await expectGood(3000);
        expect(await caNow()).to.equal(ca);
        const wrong = replicas.splice(-jumps.length);
        await balance();
        await Promise.all(wrong.map(({ stop }) => stop()));
      });
    }

    it('are there at once where all replicas were killed and the Secret is gone, before anybody leads', async () => {
      const ca = await caNow();
      await killAll();
      await controlPlane().api.delete(secretPath);
      await startAll([undefined, undefined]);
      await untilAllReady();
      await balance();
      await until(async () => (await refusal()) === undefined, 5000);
      expect(replicas.flatMap(({ logged }) => logged()).map(({ message }) => message)).to.not.include('leading');
      expect(await caNow()).to.not.equal(ca);
      await expectGood(1000);
    });

    for (const shift of [400 * day, -400 * day]) {
      it(`made anew by clocks that are ${shift / day} days off are good at once, and when those are right`, async () => {
        await killAll();
        await controlPlane().api.delete(secretPath);
        await startAll([
          { shift, isWrongAtFirst: true },
          { shift, isWrongAtFirst: true },
        ]);
        await untilAllReady();
        await balance();
        await until(async () => (await refusal()) === undefined, 5000);
        await expectGood(6000);
        toggleAll();
        await expectGood(3000);
      });
    }

    it('that are not valid yet are replaced, and told', async () => {
      const notBefore = new Date(Date.now() + 30 * day);
      const early = await makeAuthority('early', { notBefore, notAfter: new Date(Date.now() + 395 * day) });
      const put = async (): Promise<void> => {
        const data = writeAuthority({
          signing: readSigner(early),
          next: undefined,
          retired: undefined,
          published: undefined,
        });
        await controlPlane().api.merge(secretPath, { data });
      };
      const ca = await caNow();
      await put();
      await until(async () => (await caNow()) === ca, 3000);
      await expectGood(500);
      await killAll();
      await put();
      await startAll([undefined]);
      await untilAllReady();
      await balance();
      await until(async () => (await refusal()) === undefined, 5000);
      const [told] = replicas.flatMap(({ logged }) =>
        logged().filter(({ message }) => message === 'CA Secret of no use, another CA is made'),
      );
      const second = new Date(Math.floor(notBefore.getTime() / 1000) * 1000).toISOString();
      expect(told?.['error']).to.equal(`its CA is not valid before ${second}`);
      expect(await caNow()).to.not.be.oneOf([ca, early.cert]);
    });

    // It takes a minute, and hangs on kube-harden far more than on the version of what calls it.
    if (isNewest)
      it('are good while the clock of the one that leads is wrong for six seconds', async () => {
        for (const shift of [13 * hour, 400 * day, -13 * hour, -400 * day]) {
          const ca = await caNow();
          const old = replicas;
          replicas = [];
          await startAll([{ shift, isWrongAtFirst: false }]);
          await untilAllReady();
          await balance();
          await Promise.all(old.map(({ stop }) => stop()));
          const leads = (): boolean => replicas[0]?.logged().some(({ message }) => message === 'leading') === true;
          await until(leads, millisecondsToStart);
          toggleAll();
          await expectGood(6000);
          toggleAll();
          await expectGood(2000);
          expect(await caNow()).to.equal(ca);
        }
      }).timeout(240_000);
  },
  [user],
);
