import { join } from 'node:path';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { manifests } from '../install/install.ts';
import { until } from '../server/client.ts';
import type { Ran } from './controlPlane.ts';
import { describeOnEach } from './controlPlanes.ts';
import { configurations } from './webhookServer.ts';

const chart = join(manifests, 'chart');

/** The objects of a rendered install, in an order of their own, as kubectl reads them. */
function objectsOf({ status, stdout, stderr }: Ran): readonly JsonObject[] {
  expect(status, stderr).to.equal(0);
  return parseAllDocuments(stdout, { version: '1.1', merge: false })
    .map((document) => document.toJS() as Json)
    .filter((value) => value !== null)
    .map((value) => value as JsonObject)
    .sort((left, right) => nameOf(left).localeCompare(nameOf(right)));
}

function nameOf({ kind, metadata }: JsonObject): string {
  return `${String(kind)}/${String((metadata as JsonObject)['name'])}`;
}

describeOnEach('the installs', (controlPlane) => {
  const overlays: readonly (readonly [string, readonly string[]])[] = [
    ['opt-in', []],
    ['cluster-wide', ['--set', 'defaultPolicy=hardened']],
  ];
  const template = (values: readonly string[]): Ran =>
    controlPlane().helm(['template', 'kube-harden', chart, '--namespace', 'kube-harden', ...values]);

  before(() => controlPlane().makeNamespace('kube-harden'));

  for (const [overlay, values] of overlays) {
    it(`${overlay}: the chart makes what the overlay makes, but for the namespace`, () => {
      const rendered = objectsOf(controlPlane().kubectl(['kustomize', join(manifests, 'overlays', overlay)]));
      const withoutNamespace = rendered.filter(({ kind }) => kind !== 'Namespace');
      expect(objectsOf(template(values))).to.deep.equal(withoutNamespace);
    });

    it(`${overlay}: the API server takes every object, and every field of it`, () => {
      const { kubectl } = controlPlane();
      const flags = ['--dry-run=server', '--validate=strict'];
      const applied = kubectl(['apply', '-k', join(manifests, 'overlays', overlay), ...flags]);
      expect(applied.status, applied.stderr).to.equal(0);
      expect(applied.stderr).to.not.match(/Warning: (?!resource namespaces\/kube-harden is missing)/);
      const charted = kubectl(['apply', '-f', '-', ...flags], template(values).stdout);
      expect(charted.status, charted.stderr).to.equal(0);
    });
  }

  it('by Helm comes and goes, and leaves no webhook configuration behind', async () => {
    const { api, helm } = controlPlane();
    const installed = helm(['install', 'kube-harden', chart, '--namespace', 'kube-harden']);
    expect(installed.status, installed.stderr).to.equal(0);
    expect(installed.stdout).to.include('kube-harden is installed, for namespaces that ask for it.');
    const path = `${configurations}/kube-harden`;
    expect((await api.request('GET', path)).status).to.equal(200);
    // Switched off in an emergency, and on again.
    await api.delete(path);
    const upgraded = helm(['upgrade', 'kube-harden', chart, '--namespace', 'kube-harden', '--set', 'replicas=3']);
    expect(upgraded.status, upgraded.stderr).to.equal(0);
    expect((await api.request('GET', path)).status).to.equal(200);
    const removed = helm(['uninstall', 'kube-harden', '--namespace', 'kube-harden', '--wait=hookOnly']);
    expect(removed.status, removed.stderr).to.equal(0);
    await until(async () => (await api.request('GET', path)).status === 404);
  });

  it('by Helm takes an image by its digest', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const set = ['--set', `image.repository=registry.test/kube-harden,image.digest=${digest}`];
    expect(template(set).stdout).to.match(new RegExp(`^ +image: registry\\.test/kube-harden@${digest}$`, 'm'));
  });

  it('by Helm refuses values that it does not know', () => {
    const { status, stderr } = template(['--set', 'defaultPolicy=hardned']);
    expect(status).to.not.equal(0);
    expect(stderr).to.include("value must be one of '', 'minimal', 'restricted', 'hardened'");
  });
});
