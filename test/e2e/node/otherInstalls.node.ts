import { expect } from 'chai';
import type { Json, JsonObject } from '../../../src/core/json/json.ts';
import { eventually } from './eventually.ts';
import { chart, install, installChart, uninstall, untilRolledOut } from './installation.ts';
import { makeReadyNamespace } from './namespace.ts';
import { cluster } from './runningCluster.ts';

const configuration = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/kube-harden';

/** By which policy a bare pod of a namespace is hardened. */
async function hardenedBy(namespace: string): Promise<Json | undefined> {
  const { body } = await cluster().api.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
    metadata: { name: 'web' },
    spec: { containers: [{ name: 'web', image: 'nginx' }] },
  });
  const { annotations = {} } = (body['metadata'] ?? {}) as { annotations?: JsonObject };
  return annotations['kube-harden.io/policy'];
}

async function untilHardenedBy(namespace: string, policy: string | undefined): Promise<void> {
  await eventually(30, async () => {
    const found = await hardenedBy(namespace);
    return found === policy || `${namespace} is hardened by ${String(found)}`;
  });
}

describe('the other installs on a node', () => {
  before(async () => {
    await makeReadyNamespace(cluster(), 'unlabelled');
    await makeReadyNamespace(cluster(), 'chosen', { 'kube-harden.io/enforce': 'restricted' });
    await makeReadyNamespace(cluster(), 'opted-out', { 'kube-harden.io/enforce': 'none' });
  });

  // The install that every other file of tests relies on.
  after(async () => {
    await install(cluster(), 'overlays/opt-in');
    await untilRolledOut(cluster().api);
  });

  it('cluster-wide, over what is there', async () => {
    await install(cluster(), 'overlays/cluster-wide');
    await untilRolledOut(cluster().api);
    await untilHardenedBy('unlabelled', 'hardened');
    await untilHardenedBy('chosen', 'restricted');
    await untilHardenedBy('opted-out', undefined);
  });

  it('none, after which no webhook configuration is left', async () => {
    const { api } = cluster();
    await uninstall(cluster(), 'overlays/cluster-wide');
    expect((await api.request('GET', configuration)).status).to.equal(404);
    await untilHardenedBy('chosen', undefined);
  });

  it('by Helm', async () => {
    installChart(cluster());
    await untilRolledOut(cluster().api);
    await untilHardenedBy('chosen', 'restricted');
    await untilHardenedBy('unlabelled', undefined);
  });

  it('by Helm once more, with other values', async () => {
    const { api, helm } = cluster();
    const more = ['--reuse-values', '--set', 'defaultPolicy=minimal,replicas=3'];
    const upgraded = helm(['upgrade', 'kube-harden', chart, '--namespace', 'kube-harden', ...more]);
    expect(upgraded.status, upgraded.stderr).to.equal(0);
    await untilRolledOut(api);
    await untilHardenedBy('unlabelled', 'minimal');
    expect(await hardenedBy('chosen')).to.equal('restricted');
    expect(await hardenedBy('opted-out')).to.equal(undefined);
  });

  it('and taken away by Helm', async () => {
    const { api, helm } = cluster();
    const removed = helm(['uninstall', 'kube-harden', '--namespace', 'kube-harden']);
    expect(removed.status, removed.stderr).to.equal(0);
    expect((await api.request('GET', configuration)).status).to.equal(404);
    await untilHardenedBy('chosen', undefined);
  });
});
