import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { readSigner } from '../../src/certificates/authority.ts';
import { writeAuthority } from '../../src/certificates/authoritySecret.ts';
import { makeAuthority } from '../../src/certificates/issueCertificate.ts';
import type { ThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import { followObjects } from '../../src/cluster/followObjects.ts';
import { makeKubeClient } from '../../src/cluster/kubeClient.ts';
import { policiesPath } from '../../src/cluster/policyResource.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { makeLogger } from '../../src/server/logger.ts';
import { madeByOpenSsl } from '../certificates/madeByOpenSsl.ts';
import { enforce } from '../cluster/webhooks.ts';
import { manifests } from '../install/install.ts';
import { until } from '../server/client.ts';
import type { Balancer } from './balancer.ts';
import { startBalancer } from './balancer.ts';
import { freePorts } from './controlPlane.ts';
import { describeOnEach } from './controlPlanes.ts';
import type { KubeAnswer } from './kubeApi.ts';
import { isReady, isTrusted } from './probes.ts';
import type { Serving } from './webhookServer.ts';
import { configurations, startServe } from './webhookServer.ts';

const user = 'system:serviceaccount:kube-harden:kube-harden';
/** Somebody who may list policies, but not watch them. */
const lister = 'lister';
const secretPath = '/api/v1/namespaces/kube-harden/secrets/kube-harden-ca';
const configurationPath = `${configurations}/kube-harden`;

const policyOf = (name: string, spec: JsonObject): string =>
  JSON.stringify({ apiVersion: 'kube-harden.io/v1alpha1', kind: 'HardeningPolicy', metadata: { name }, spec });

describeOnEach(
  'a cluster',
  (controlPlane, isNewest) => {
    let balancer: Balancer;
    let replicas: Serving[] = [];

    const startReplica = async (...parameters: readonly string[]): Promise<Serving> => {
      const replica = await startServe([
        ...['--cluster', '--kubeconfig', controlPlane().kubeconfigOf(user), '--port', '0', '--drain-seconds', '1'],
        ...['--webhook-url', `https://127.0.0.1:${balancer.port}`, ...parameters],
      ]);
      return replica;
    };
    const balance = (): void => balancer.setPorts(replicas.map(({ port }) => port));
    const useReplicas = async (count: number, ...parameters: readonly string[]): Promise<void> => {
      const old = replicas;
      replicas = await Promise.all(Array.from({ length: count }, () => startReplica(...parameters)));
      await until(async () => (await Promise.all(replicas.map(isReady))).every(Boolean));
      balance();
      await Promise.all(old.map(({ stop }) => stop()));
    };
    const tryPod = (namespace: string): Promise<KubeAnswer> =>
      controlPlane().api.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
        metadata: { name: 'web' },
        spec: { containers: [{ name: 'web', image: 'nginx' }] },
      });
    const hardenedBy = async (namespace: string): Promise<Json | undefined> => {
      const { body } = await tryPod(namespace);
      const { annotations = {} } = (body['metadata'] ?? {}) as { annotations?: JsonObject };
      return annotations['kube-harden.io/policy'];
    };
    const webhooks = async (): Promise<readonly { name: string; clientConfig: { caBundle?: string } }[]> => {
      const { webhooks = [] } = await controlPlane().api.get(configurationPath);
      return webhooks as unknown as { name: string; clientConfig: { caBundle?: string } }[];
    };
    const countWrites = (): number =>
      replicas.flatMap(({ logged }) => logged().filter(({ message }) => message === 'webhook configuration written'))
        .length;
    const apply = (text: string): void => {
      const { status, stderr } = controlPlane().kubectl(['apply', '-f', '-'], text);
      expect(status, stderr).to.equal(0);
    };

    before(async () => {
      balancer = await startBalancer();
      const { api, kubectl, makeNamespace } = controlPlane();
      const installed = kubectl(['apply', '-k', join(manifests, 'overlays/opt-in')]);
      expect(installed.status, installed.stderr).to.equal(0);
      await until(async () => (await api.request('GET', policiesPath)).status === 200);
      await makeNamespace('restricted', { 'kube-harden.io/enforce': 'restricted' });
      await makeNamespace('own', { 'kube-harden.io/enforce': 'own' });
      await useReplicas(3);
    });
    after(async () => {
      await Promise.all(replicas.map(({ stop }) => stop()));
      balancer.stop();
      expect(replicas.map(({ exitCode }) => exitCode())).to.deep.equal(replicas.map(() => 0));
    });

    it('has one CA, though three replicas have started at once', async () => {
      const { data } = await controlPlane().api.get(secretPath);
      const ca = Buffer.from(String((data as JsonObject)['tls.crt']), 'base64').toString();
      for (const { port } of replicas) expect(await isTrusted(port, ca)).to.equal(true);
    });

    it('has an entry for each policy and mode, and hardens', async () => {
      await until(async () => (await webhooks()).length > 0);
      expect((await webhooks()).map(({ name }) => name.replace('.kube-harden.io', ''))).to.deep.equal([
        ...['no-such-policy', 'hardened.enforce', 'minimal.enforce', 'restricted.enforce'],
        ...['hardened.preview', 'minimal.preview', 'restricted.preview', 'no-such-preview'],
      ]);
      await until(async () => (await hardenedBy('restricted')) === 'restricted');
    });

    it('refuses pods where a namespace asks for a policy that is not there', async () => {
      await until(async () => (await tryPod('own')).status === 500);
      expect(String((await tryPod('own')).body['message'])).to.match(
        /failed calling webhook "no-such-policy\.kube-harden\.io": failed to call webhook: the namespace's label kube-harden\.io\/enforce names no policy: there are hardened, /,
      );
    });

    it('takes up a policy within a second', async () => {
      apply(policyOf('own', { pod: { runAsNonRoot: true } }));
      const start = performance.now();
      await until(async () => (await hardenedBy('own')) === 'own');
      expect(performance.now() - start).to.be.below(1000);
      await until(async () => (await readyOf('own'))?.['status'] === 'True');
    });

    const readyOf = async (name: string): Promise<JsonObject | undefined> => {
      const { status } = await controlPlane().api.get(`${policiesPath}/${name}`);
      const { conditions = [] } = (status ?? {}) as { conditions?: readonly JsonObject[] };
      return conditions.find(({ type }) => type === 'Ready');
    };

    it('keeps the last good spec of a policy that has gone bad, and says so', async () => {
      apply(policyOf('own', { pod: { runAsNonRoot: true }, writablePaths: [{ images: ['nginx'], paths: ['/proc'] }] }));
      await until(async () => (await readyOf('own'))?.['status'] === 'False');
      expect((await readyOf('own'))?.['message']).to.match(
        /^spec\.writablePaths\.0\.paths\.0: .*; the last good spec is in force$/,
      );
      expect(await hardenedBy('own')).to.equal('own');
      await until(async () => {
        const { items } = await controlPlane().api.get('/api/v1/namespaces/default/events');
        return (items as readonly JsonObject[]).some(({ reason }) => reason === 'PolicyRefused');
      });
      const refused = replicas.map(({ logged }) => logged().some(({ message }) => message === 'policy refused'));
      expect(refused).to.deep.equal([true, true, true]);
      expect(controlPlane().kubectl(['get', 'hardeningpolicies']).stdout).to.match(/^own +False +/m);
      // A replica that has just started knows the last good one from the status alone.
      await useReplicas(2);
      expect(await hardenedBy('own')).to.equal('own');
    });

    it('says once where a policy that is deleted is still asked for, though it cannot say so everywhere', async () => {
      const { api, kubectl, makeNamespace } = controlPlane();
      // One that comes first, and takes no events any more; nobody here finishes its deletion.
      await makeNamespace('ending', { 'kube-harden.io/enforce': 'own' });
      await api.delete('/api/v1/namespaces/ending');
      kubectl(['delete', 'hardeningpolicy', 'own']);
      await until(async () => (await tryPod('own')).status === 500);
      const countEvents = async (): Promise<number> => {
        const { items } = await api.get('/api/v1/namespaces/own/events');
        return (items as readonly JsonObject[]).filter(({ reason }) => reason === 'PolicyMissing').length;
      };
      await until(async () => (await countEvents()) === 1);
      await sleep(5000);
      expect(await countEvents()).to.equal(1);
      const [refused] = replicas.flatMap(({ logged }) =>
        logged().filter(({ message }) => message === 'event not written'),
      );
      expect(refused).to.include({ namespace: 'ending', reason: 'PolicyMissing' });
    });

    it('repairs its webhook configuration in seconds', async () => {
      const { api } = controlPlane();
      const before = await webhooks();
      await api.merge(configurationPath, {
        webhooks: before.map((each) => ({
          ...each,
          clientConfig: { ...each.clientConfig, caBundle: '' },
        })) as unknown as Json,
      });
      await until(async () => JSON.stringify(await webhooks()) === JSON.stringify(before));
      await api.merge(configurationPath, { webhooks: [] });
      await until(async () => JSON.stringify(await webhooks()) === JSON.stringify(before));
    });

    it('does not race with somebody who insists on another webhook configuration', async () => {
      const { api } = controlPlane();
      const before = await webhooks();
      const writesBefore = countWrites();
      const end = performance.now() + 3000;
      while (performance.now() < end) {
        if ((await webhooks()).length > 0) await api.merge(configurationPath, { webhooks: [] });
      }
      await until(async () => JSON.stringify(await webhooks()) === JSON.stringify(before));
      expect(countWrites() - writesBefore).to.be.within(2, 6);
    });

    it("writes nothing beside AKS' admissions enforcer, and few times beside one that insists on its values", async () => {
      const { api } = controlPlane();
      const before = (await webhooks()) as unknown as readonly JsonObject[];
      const writesSoFar = countWrites();
      let isInsisting = false;
      let enforced = 0;
      const ending = new AbortController();
      const admin = await makeKubeClient(controlPlane().kubeconfigOf('admin'), ending.signal);
      const enforcing = followObjects(
        admin,
        `${configurations}?fieldSelector=metadata.name%3Dkube-harden`,
        (objects) => {
          const { webhooks: found = [], metadata = {} } = objects.get('kube-harden') ?? {};
          const next = enforce(found as readonly JsonObject[]).map((webhook) =>
            isInsisting ? { ...webhook, timeoutSeconds: 7 } : webhook,
          );
          if (isDeepStrictEqual(next, found)) return;
          enforced += 1;
          const { resourceVersion = null } = metadata as JsonObject;
          // Another may have been quicker; then it sees that, and tries again.
          const patch: JsonObject = { metadata: { resourceVersion }, webhooks: next };
          const path = `${configurationPath}?fieldManager=admissionsenforcer`;
          void api.request('PATCH', path, patch, 'application/merge-patch+json');
        },
        { logger: makeLogger(new PassThrough().resume(), 'error'), signal: ending.signal },
      );
      const isEnforced = async (): Promise<boolean> => isDeepStrictEqual(await webhooks(), enforce(before));
      await until(isEnforced);
      await sleep(isNewest ? 20_000 : 3000);
      expect(await isEnforced()).to.equal(true);
      expect({ writes: countWrites() - writesSoFar, enforced }).to.deep.equal({ writes: 0, enforced: 1 });
      // What is kube-harden's own still comes back within a second, and the enforcer's share stays.
      await api.merge(configurationPath, {
        webhooks: enforce(before).map((webhook) => ({ ...webhook, failurePolicy: 'Ignore' })),
      });
      const start = performance.now();
      await until(isEnforced);
      expect(performance.now() - start).to.be.below(1500);
      expect({ writes: countWrites() - writesSoFar, enforced }).to.deep.equal({ writes: 1, enforced: 1 });
      isInsisting = true;
      await api.merge(configurationPath, { metadata: { labels: { seen: 'again' } } });
      await sleep(10_000);
      expect(countWrites() - writesSoFar).to.be.within(4, 8);
      const { items } = await api.get('/api/v1/namespaces/default/events');
      const told = (items as readonly JsonObject[]).filter(
        ({ reason, message }) =>
          reason === 'WebhookConfigurationContested' &&
          String(message).startsWith('changed again and again, by admissionsenforcer: timeoutSeconds of '),
      );
      expect(told.map(({ count, type }) => ({ count, type }))).to.deep.equal([{ count: 1, type: 'Warning' }]);
      ending.abort();
      await enforcing;
      await until(async () => isDeepStrictEqual(await webhooks(), enforce(before)), 30_000);
      await api.merge(configurationPath, { webhooks: before, metadata: { labels: { seen: null } } });
    }).timeout(90_000);

    it('writes its CA again from memory when the Secret is deleted or garbled', async () => {
      const { api } = controlPlane();
      const { data } = await api.get(secretPath);
      await api.delete(secretPath);
      await until(async () => (await api.request('GET', secretPath)).status === 200);
      expect((await api.get(secretPath))['data']).to.deep.equal(data);
      await api.merge(secretPath, { data: { 'tls.key': Buffer.from('garbage').toString('base64') } });
      await until(async () => JSON.stringify((await api.get(secretPath))['data']) === JSON.stringify(data));
      const ended = await makeAuthority('of a backup', { notBefore: new Date(0), notAfter: new Date(1000) });
      await api.merge(secretPath, {
        data: writeAuthority({
          signing: readSigner(ended),
          next: undefined,
          retired: undefined,
          published: undefined,
        }),
      });
      await until(async () => JSON.stringify((await api.get(secretPath))['data']) === JSON.stringify(data));
      expect(await hardenedBy('restricted')).to.equal('restricted');
    });

    it('serves under a CA that OpenSSL made and somebody put into the Secret, and refuses no pod meanwhile', async () => {
      const { api } = controlPlane();
      const encode = (text: string): string => Buffer.from(text).toString('base64');
      const before = (await api.get(secretPath))['data'] as JsonObject;
      await api.merge(secretPath, {
        data: { 'tls.crt': encode(madeByOpenSsl.cert), 'tls.key': encode(madeByOpenSsl.key), 'retired.crt': null },
      });
      // Until all replicas have changed their certificates, and some seconds more.
      const refusals: string[] = [];
      for (const start = Date.now(); Date.now() - start < 12_000; await sleep(50)) {
        const { status, body } = await tryPod('restricted');
        if (status !== 201) refusals.push(`after ${Date.now() - start} ms: ${JSON.stringify(body['message'])}`);
      }
      expect(refusals).to.deep.equal([]);
      for (const { port } of replicas) expect(await isTrusted(port, madeByOpenSsl.cert)).to.equal(true);
      expect((await api.get(secretPath))['data']).to.include({
        'tls.crt': encode(madeByOpenSsl.cert),
        'retired.crt': before['tls.crt'],
      });
    }).timeout(60_000);

    it('does not hurry where it may list but not watch', async () => {
      const { kubectl, kubeconfigOf } = controlPlane();
      kubectl(['create', 'clusterrole', lister, '--verb=list', '--resource=hardeningpolicies']);
      kubectl(['create', 'clusterrolebinding', lister, `--clusterrole=${lister}`, `--user=${lister}`]);
      let lists = 0;
      const ending = new AbortController();
      const following = followObjects(
        await makeKubeClient(kubeconfigOf(lister), ending.signal),
        policiesPath,
        () => {
          lists += 1;
        },
        { logger: makeLogger(new PassThrough().resume(), 'error'), signal: ending.signal },
      );
      await sleep(3000);
      ending.abort();
      await following;
      expect(lists).to.be.within(2, 6);
    });

    it('ends in time where the API server takes connections and answers nothing', async () => {
      const hanging = createServer().listen(0, '127.0.0.1');
      await once(hanging, 'listening');
      const called = once(hanging, 'connection');
      const { port } = hanging.address() as AddressInfo;
      const kubeconfig = join(controlPlane().folder, 'kubeconfig-hanging');
      const text = await readFile(controlPlane().kubeconfigOf(user), 'utf8');
      await writeFile(kubeconfig, text.replaceAll(/127\.0\.0\.1:\d+/g, `127.0.0.1:${port}`));
      const replica = await startServe([
        '--cluster',
        '--kubeconfig',
        kubeconfig,
        '--port',
        '0',
        '--drain-seconds',
        '0',
      ]);
      await called;
      // It would be killed after six seconds, and no exit code be left.
      await replica.stop();
      expect(replica.exitCode()).to.equal(0);
      hanging.close();
    });

    it('stays off when its configuration is deleted, and goes on when it is applied again', async () => {
      const { api, kubectl } = controlPlane();
      await api.delete(configurationPath);
      await until(async () => (await hardenedBy('restricted')) === undefined);
      await sleep(2500);
      expect((await api.request('GET', configurationPath)).status).to.equal(404);
      kubectl(['apply', '-k', join(manifests, 'overlays/opt-in')]);
      await until(async () => (await hardenedBy('restricted')) === 'restricted');
      const before = await webhooks();
      kubectl(['apply', '-k', join(manifests, 'overlays/opt-in')]);
      expect(await webhooks()).to.deep.equal(before);
    });

    /** Asks for pods all the time, on connections of its own, while something happens; counts those that were not hardened. */
    async function underLoad(happening: () => Promise<void>): Promise<{ asked: number; failed: readonly string[] }> {
      const failed: string[] = [];
      let asked = 0;
      let isOver = false;
      const askInTurn = async (): Promise<void> => {
        while (!isOver) {
          const { status, body } = await tryPod('restricted');
          asked += 1;
          if (status !== 201) failed.push(String(body['message']));
          await sleep(5);
        }
      };
      const asking = [askInTurn(), askInTurn()];
      try {
        await happening();
      } finally {
        isOver = true;
        await Promise.all(asking);
      }
      return { asked, failed };
    }

    it('hardens what has not chosen, where there is a default', async () => {
      await controlPlane().makeNamespace('undecided');
      await controlPlane().makeNamespace('mistaken', { 'kube-harden.io/enforce': 'hardned' });
      await controlPlane().makeNamespace('left-out', { 'kube-harden.io/enforce': 'restricted' });
      await until(async () => (await hardenedBy('left-out')) === 'restricted');
      const excluded = ['--excluded-namespaces', 'left-out', '--timeout-seconds', '30'];
      await useReplicas(1, '--default-policy', 'minimal', ...excluded);
      await until(async () => (await hardenedBy('undecided')) === 'minimal');
      expect(await hardenedBy('left-out')).to.equal(undefined);
      expect(await hardenedBy('mistaken')).to.equal('minimal');
      expect(await hardenedBy('restricted')).to.equal('restricted');
      await useReplicas(1);
      await until(async () => (await hardenedBy('undecided')) === undefined);
      expect(await hardenedBy('left-out')).to.equal('restricted');
    });

    it('takes a certificate from files, and publishes the CA beside it', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'kube-harden-files-'));
      const file = (name: string): string => join(folder, name);
      const mount = async ({ cert, key, ca }: ThrowawayCertificate): Promise<void> => {
        await writeFile(file('ca.crt'), ca);
        await writeFile(file('tls.crt'), cert);
        await writeFile(file('tls.key'), key);
      };
      const isPublished = async ({ ca }: ThrowawayCertificate): Promise<boolean> => {
        const expected = Buffer.from(ca).toString('base64');
        return (await webhooks()).every(({ clientConfig }) => clientConfig.caBundle === expected);
      };
      const [first, second] = [await makeThrowawayCertificate(), await makeThrowawayCertificate()];
      await mount(first);
      const files = ['--tls-cert', file('tls.crt'), '--tls-key', file('tls.key'), '--tls-ca', file('ca.crt')];
      await useReplicas(1, ...files);
      await until(() => isPublished(first));
      await mount(second);
      await until(() => isPublished(second));
      await until(async () => (await hardenedBy('restricted')) === 'restricted');
      const both = { ...second, ca: `${second.ca}\n${first.ca}` };
      await mount(both);
      await until(() => isPublished(both));
      await useReplicas(1);
      await rm(folder, { recursive: true });
    });

    it('tells metrics of all that', async () => {
      const [port = 0] = await freePorts(1);
      const replica = await startReplica('--metrics-port', String(port));
      await until(async () => {
        const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        const expected = [
          'kube_harden_certificate_valid 1',
          'kube_harden_webhook_configuration_in_sync 1',
          'kube_harden_policies_refused 0',
        ];
        return expected.every((line) => text.includes(`${line}\n`));
      });
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(text, 'whoever leads').to.match(/^kube_harden_leader [01]$/m);
      const [, end] = /^kube_harden_certificate_expiry_timestamp_seconds (\d+)$/m.exec(text) ?? [];
      expect(Number(end) - Date.now() / 1000).to.be.within(86_000, 86_400);
      await replica.stop();
    });

    // These take minutes, and hang on kube-harden far more than on the version of what calls it.
    if (isNewest)
      describe('for a while', () => {
        it('lets another replica lead when the leader dies', async () => {
          await useReplicas(2);
          const leads = ({ logged }: Serving): boolean =>
            logged().some(({ message }) => message === 'leading') &&
            !logged().some(({ message }) => message === 'closed');
          await until(() => replicas.some(leads));
          const [dead, ...others] = [...replicas].sort((left, right) => Number(leads(right)) - Number(leads(left)));
          replicas = others;
          balance();
          await dead?.kill();
          await until(() => replicas.every(leads), 25_000);
          await controlPlane().api.merge(configurationPath, { webhooks: [] });
          await until(async () => (await webhooks()).length > 0);
        }).timeout(60_000);

        it('fails no admission in twenty rolling restarts of two replicas', async () => {
          await useReplicas(2);
          const { asked, failed } = await underLoad(async () => {
            for (let restart = 0; restart < 20; restart += 1) {
              const [oldest] = replicas;
              replicas = [...replicas.slice(1), await startReplica()];
              await until(async () => (await Promise.all(replicas.map(isReady))).every(Boolean));
              balance();
              await oldest?.stop();
              expect(oldest?.exitCode()).to.equal(0);
            }
          });
          expect(failed).to.deep.equal([]);
          expect(asked).to.be.greaterThan(500);
        }).timeout(300_000);

        it('fails no admission while its CA and its certificates change', async () => {
          const authorities = new Set<string>();
          const { failed } = await underLoad(async () => {
            await useReplicas(2, '--ca-lifetime', '30s', '--certificate-lifetime', '10s');
            await until(async () => {
              const { data } = await controlPlane().api.get(secretPath);
              authorities.add(String((data as JsonObject)['tls.crt']));
              // A connection that is made now, by whoever knows what was published a moment ago.
              const [webhook] = await webhooks();
              const bundle = Buffer.from(webhook?.clientConfig.caBundle ?? '', 'base64').toString();
              for (const { port } of replicas) expect(await isTrusted(port, bundle)).to.equal(true);
              await sleep(200);
              return authorities.size > 4;
            }, 120_000);
          });
          expect(failed).to.deep.equal([]);
        }).timeout(180_000);
      });

    it('serves on while the API server restarts, and recovers', async () => {
      await controlPlane().restartApiServer();
      await until(async () => (await hardenedBy('restricted')) === 'restricted');
      apply(policyOf('own', { container: { allowPrivilegeEscalation: false } }));
      await until(async () => (await hardenedBy('own')) === 'own');
    }).timeout(60_000);
  },
  [user, lister],
);
