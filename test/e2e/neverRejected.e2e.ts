import { expect } from 'chai';
import fc from 'fast-check';
import type { InputPod } from '../../src/cli/inputs.ts';
import { podsOf } from '../../src/cli/inputs.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { makeAcceptable } from '../core/acceptablePod.ts';
import { arbitraryPod } from '../core/arbitraryPod.ts';
import { manifestFolders, readManifestFolder, shop } from '../manifestFolder.ts';
import { bySeed, millisecondsFor, tries } from '../property.ts';
import { until } from '../server/client.ts';
import { describeOnEach } from './controlPlanes.ts';
import { edgePods } from './edgePods.ts';
import type { KubeAnswer } from './kubeApi.ts';
import type { WebhookServer } from './webhookServer.ts';
import { configurationOf, configurations, startWebhookServer } from './webhookServer.ts';

const policies = ['minimal', 'restricted', 'hardened'] as const;

/** So many questions are under way at a time. */
const workers = 8;

describeOnEach(`never rejected, over ${tries().numRuns} random pods ${bySeed}`, (controlPlane) => {
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

  for (const folder of manifestFolders) {
    it(`admits the pods of ${folder === shop ? 'the shop' : folder}`, async function () {
      this.timeout(1_200_000);
      const { inputs } = await readManifestFolder(folder);
      const pods = inputs.flatMap(podsOf).map(makeCreatable);
      const refused: JsonObject[] = [];
      await workInTurns(pods, async (pod) => {
        for (const policy of policies) if (!(await compare(pod, policy))) refused.push(pod);
      });
      if (folder === shop) expect(refused).to.deep.equal([]);
      else
        process.stdout.write(
          `      ${refused.length / policies.length} of ${pods.length} pods are not admitted plain\n`,
        );
    });
  }

  for (const [name, pod] of Object.entries(edgePods)) {
    it(`admits ${name}`, async () => {
      for (const policy of policies) expect(await compare(pod, policy), name).to.equal(true);
    });
  }

  it('admits hardened what it admits plain, with every explicit field as it was', async function () {
    this.timeout(millisecondsFor(1_200_000));
    const pods = fc.sample(arbitraryPod, tries()).map((random) => {
      const pod = makeAcceptable(random);
      const { namespace: _, ...metadata } = pod['metadata'] as JsonObject;
      return { ...pod, metadata };
    });
    let admitted = 0;
    await workInTurns(pods, async (pod, index) => {
      if (await compare(pod, policies[index % policies.length] as string)) admitted += 1;
    });
    // Most have to be admitted plain, or the test would say nothing.
    expect(admitted).to.be.greaterThan(pods.length * 0.8);
  });
});

/** Works on all items, so many at a time. */
async function workInTurns<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const entries = items.entries();
  const workInTurn = async (): Promise<void> => {
    for (const [index, item] of entries) await work(item, index);
  };
  await Promise.all(Array.from({ length: workers }, workInTurn));
}

/** A pod as its controller would create it: with a name, and with the claims of a StatefulSet. */
function makeCreatable({ pod, document, objectPath }: InputPod): JsonObject {
  const { metadata, spec } = pod as { metadata?: JsonObject; spec: JsonObject };
  const object = objectPath.reduce<Json>(
    (value, key) => (value as JsonObject)[key] ?? null,
    document.value,
  ) as JsonObject;
  const { volumeClaimTemplates = [] } = (object['spec'] ?? {}) as { volumeClaimTemplates?: Json[] };
  const claims = volumeClaimTemplates.map((claim): Json => {
    const { name = '' } = (claim as { metadata: { name?: string } }).metadata;
    return { name, persistentVolumeClaim: { claimName: `${name}-web-0` } };
  });
  const { namespace: _, generateName: __, ...described } = metadata ?? {};
  // No controller is there to make the service account, which would be refused as missing.
  const { serviceAccountName: ___, serviceAccount: ____, ...others } = spec;
  const volumes = [...((spec['volumes'] ?? []) as Json[]), ...claims];
  return { metadata: { ...described, name: 'web' }, spec: { ...others, volumes } };
}

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
