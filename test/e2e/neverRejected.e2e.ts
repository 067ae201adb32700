import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { findPods } from '../../src/core/pod/workload.ts';
import { makeAcceptable } from '../core/acceptablePod.ts';
import { arbitraryPod } from '../core/arbitraryPod.ts';
import { until } from '../server/client.ts';
import { describeOnEach } from './controlPlanes.ts';
import { edgePods } from './edgePods.ts';
import type { KubeAnswer } from './kubeApi.ts';
import type { WebhookServer } from './webhookServer.ts';
import { configurationOf, configurations, startWebhookServer } from './webhookServer.ts';

const runs = Number(process.env['PROPERTY_RUNS'] ?? 10_000);
const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
const policies = ['minimal', 'restricted', 'hardened'] as const;

const corpus = join(import.meta.dirname, '../corpus');

/** So many questions are under way at a time. */
const workers = 8;

describeOnEach(`never rejected, over ${runs} random pods (PROPERTY_SEED=${seed})`, (controlPlane) => {
  let webhook: WebhookServer;
  before(async () => {
    webhook = await startWebhookServer();
    const { api, makeNamespace } = controlPlane();
    await makeNamespace('plain');
    for (const policy of policies) await makeNamespace(policy, { 'kube-harden.io/enforce': policy });
    await api.create(configurations, configurationOf('opt-in', webhook));
    const pod = { metadata: { name: 'probe' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
    for (const policy of policies) {
      await until(async () => (await tryPod(policy, pod)).warnings.length > 0);
    }
  });
  after(() => webhook.stop());

  const tryPod = (namespace: string, pod: JsonObject): Promise<KubeAnswer> =>
    controlPlane().api.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);

  /** Whether the pod was admitted plain; fails where it is not admitted hardened as well, or not as it was written. */
  async function compare(pod: JsonObject, policy: string): Promise<boolean> {
    const plain = await tryPod('plain', pod);
    if (plain.status !== 201) return false;
    const hardened = await tryPod(policy, pod);
    const told = `${policy}: ${String(hardened.body['message'])}\n${JSON.stringify(pod)}`;
    expect(hardened.status, told).to.equal(201);
    expect(findMissing(specOf(plain), specOf(hardened)), told).to.equal(undefined);
    return true;
  }

  it('admits the corpus', async () => {
    const pods = readdirSync(corpus)
      .filter((file) => file.endsWith('.yaml'))
      .flatMap((file) => parseAllDocuments(readFileSync(join(corpus, file), 'utf8'), { version: '1.1' }))
      .flatMap((document) => findPods(document.toJS() as Json));
    expect(pods.length).to.be.greaterThan(15);
    for (const { pod } of pods) {
      const { metadata, spec } = pod as { metadata: JsonObject; spec: JsonObject };
      // No controller is there to make the service account, which would be refused as missing.
      const { serviceAccountName: _, serviceAccount: __, ...others } = spec;
      const named = { metadata: { ...metadata, name: 'web' }, spec: others };
      for (const policy of policies) expect(await compare(named, policy), JSON.stringify(named)).to.equal(true);
    }
  });

  for (const [name, pod] of Object.entries(edgePods)) {
    it(`admits ${name}`, async () => {
      for (const policy of policies) expect(await compare(pod, policy), name).to.equal(true);
    });
  }

  it('admits hardened what it admits plain, with every explicit field as it was', async function () {
    this.timeout(1_200_000);
    const pods = fc.sample(arbitraryPod, { numRuns: runs, seed }).map((random) => {
      const pod = makeAcceptable(random);
      const { namespace: _, ...metadata } = pod['metadata'] as JsonObject;
      return { ...pod, metadata };
    });
    let [next, admitted] = [0, 0];
    const workInTurn = async (): Promise<void> => {
      for (let index = next++; index < pods.length; index = next++) {
        const pod = pods[index] as JsonObject;
        if (await compare(pod, policies[index % policies.length] as string)) admitted += 1;
      }
    };
    await Promise.all(Array.from({ length: workers }, workInTurn));
    // Most have to be admitted plain, or the test would say nothing.
    expect(admitted).to.be.greaterThan(pods.length * 0.8);
  });
});

/** The API server gives the volume of the service account's token a new name each time. */
function specOf({ body }: KubeAnswer): Json {
  return JSON.parse(JSON.stringify(body['spec']).replaceAll(/"kube-api-access-\w{5}"/g, '"kube-api-access"')) as Json;
}

/** The first place where something of one value is missing in another or differs there; lists may have grown at the end. */
function findMissing(before: Json | undefined, after: Json | undefined, path = ''): string | undefined {
  if (Array.isArray(before)) {
    if (!Array.isArray(after)) return path;
    return firstOf(before.map((entry, index) => findMissing(entry as Json, after[index] as Json, `${path}/${index}`)));
  }
  if (typeof before === 'object' && before !== null) {
    if (typeof after !== 'object' || after === null) return path;
    const [from, to] = [before as JsonObject, after as JsonObject];
    return firstOf(Object.keys(from).map((key) => findMissing(from[key], to[key], `${path}/${key}`)));
  }
  return before === after ? undefined : path;
}

function firstOf(found: readonly (string | undefined)[]): string | undefined {
  return found.find((path) => path !== undefined);
}
