import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { serveCommand } from '../../src/cli/serve.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { manifests } from '../install/install.ts';
import { findRefused } from '../install/restrictedV2.ts';
import { until } from '../server/client.ts';
import type { Ran } from './controlPlane.ts';
import { describeOnEach } from './controlPlanes.ts';
import { configurations } from './webhookServer.ts';

const chart = join(manifests, 'chart');
const unusual = join(import.meta.dirname, '../install/unusualValues.yaml');

/** As OpenShift gives a namespace. */
const openShiftRange = { first: 1_000_650_000, size: 10_000 };

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

/** The spec of the pods that the rendered Deployment makes. */
function podSpecOf(rendered: readonly JsonObject[]): JsonObject {
  const deployment = rendered.find(({ kind }) => kind === 'Deployment');
  return (deployment as { spec: { template: { spec: JsonObject } } } | undefined)?.spec.template.spec ?? {};
}

/** What the container's `serve` is told. */
function argumentsOf(rendered: readonly JsonObject[]): readonly string[] {
  const { containers } = podSpecOf(rendered) as { containers?: readonly { args: readonly string[] }[] };
  const [command, ...flags] = containers?.[0]?.args ?? [];
  expect(command).to.equal('serve');
  return flags;
}

/** What the values cannot do without. */
const needed = ['image', 'replicas', 'timeoutSeconds', 'logLevel', 'drainSeconds', 'port', 'metricsPort'];

describeOnEach('the installs', (controlPlane) => {
  const overlays: readonly (readonly [string, readonly string[]])[] = [
    ['opt-in', []],
    ['cluster-wide', ['--set', 'defaultPolicy=hardened']],
  ];
  const template = (values: readonly string[]): Ran =>
    controlPlane().helm(['template', 'kube-harden', chart, '--namespace', 'kube-harden', ...values]);

  /** What the API server has against objects, or against a field of them; empty where it takes all. */
  const takenStrictly = (objects: readonly JsonObject[]): string => {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const { status, stderr } = controlPlane().kubectl(
      ['apply', '-f', '-', '--dry-run=server', '--validate=strict'],
      input,
    );
    const warnings = stderr
      .split('\n')
      .filter((line) => !/^(Warning: resource namespaces\/kube-harden is missing|$)/.test(line));
    return status === 0 ? warnings.join('\n') : stderr;
  };

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

  for (const component of ['openshift', 'host-network']) {
    it(`the component ${component}: the API server takes it with either certificate, and each field of it`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'kube-harden-kustomize-'));
      const at = (path: string): string => relative(folder, join(manifests, path));
      for (const certificates of [[], ['components/cert-manager']]) {
        const kustomization = {
          resources: [at('overlays/cluster-wide')],
          components: [...certificates, `components/${component}`].map(at),
        };
        await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
        const rendered = objectsOf(controlPlane().kubectl(['kustomize', folder]));
        const known = rendered.filter(({ apiVersion }) => !String(apiVersion).startsWith('cert-manager.io/'));
        expect(takenStrictly(known)).to.equal('');
        const spec = podSpecOf(rendered);
        expect(findRefused(spec, openShiftRange).some((field) => /Group|User/.test(field))).to.equal(
          component !== 'openshift',
        );
        if (component === 'openshift') expect(findRefused(spec, openShiftRange)).to.deep.equal([]);
        else expect(spec).to.include({ hostNetwork: true });
      }
      await rm(folder, { recursive: true });
    });
  }

  it('the chart: lint finds nothing', () => {
    const linted = controlPlane().helm(['lint', '--strict', chart, '--values', unusual]);
    expect(linted.status, linted.stdout).to.equal(0);
    expect(linted.stdout).to.not.match(/\[(WARNING|ERROR)\]/);
  });

  it('the chart: the API server takes it with another value for each, and each field of it', () => {
    const rendered = objectsOf(template(['--values', unusual]));
    expect(takenStrictly(rendered)).to.equal('');
    const found = JSON.stringify(rendered);
    for (const flag of argumentsOf(rendered)) {
      const [name = '', value = ''] = flag.split('=');
      const option = serveCommand().options.find(({ long }) => long === name);
      expect(option, flag).to.not.equal(undefined);
      option?.parseArg?.(value, undefined);
    }
    // What an unusual value came to, wherever it stands.
    for (const text of [
      ...['"image":"registry.test:5000/a/kube-harden@sha256:0123', '"imagePullPolicy":"Always"', '"name":"registry-b"'],
      ...['"replicas":5', '--default-policy=restricted', '--excluded-namespaces=gke-gmp-system,a-0'],
      ...['--timeout-seconds=30', '"secretName":"own-certificate"', '--log-level=debug', '--drain-seconds=0'],
      ...['--certificate-lifetime=1h', '"name":"NODE_OPTIONS"', '"containerPort":10250', '--metrics-port=65535'],
      ...['"hostNetwork":true', '"dnsPolicy":"ClusterFirstWithHostNet"', '"ipFamilyPolicy":"PreferDualStack"'],
      ...['"ephemeral-storage":"1Mi"', '"supplementalGroups":[1000]', '"runAsUser":1000650000', '"disk":"1"'],
      ...['"tolerationSeconds":5', '"requiredDuringSchedulingIgnoredDuringExecution"', '"yes":"on"'],
      ...['"a.example.com/b":"1"', '"admissions.enforcer/disabled":"true"', '"port":16443', '"maxSurge":0'],
    ]) {
      expect(found).to.include(text);
    }
    for (const { kind, metadata } of rendered) {
      const { labels } = metadata as { labels: JsonObject };
      expect(labels, String(kind)).to.include({ team: 'all', 'app.kubernetes.io/name': 'kube-harden' });
    }
    expect(JSON.stringify(podSpecOf(rendered))).to.not.match(/"(runAsGroup|fsGroup|priorityClassName)":/);
    // Selectors stay as they are: those of a Deployment cannot change.
    expect(found).to.include('"selector":{"matchLabels":{"app.kubernetes.io/name":"kube-harden"}}');
  });

  it('the chart: what need not be there may be null, all of it at a time', async () => {
    const values = Object.keys(parse(await readFile(join(chart, 'values.yaml'), 'utf8')) as JsonObject);
    const nulls = values.filter((value) => !needed.includes(value)).flatMap((value) => ['--set-json', `${value}=null`]);
    expect(takenStrictly(objectsOf(template(nulls)))).to.equal('');
    for (const value of needed) {
      const { status, stderr } = template(['--set-json', `${value}=null`]);
      expect(status, value).to.not.equal(0);
      expect(stderr).to.match(new RegExp(`missing propert(y|ies) '${value}'`));
    }
  });

  it('the chart: OpenShift would refuse its ids, and nothing where they are null', () => {
    const withNulls = ['runAsUser', 'runAsGroup', 'fsGroup'].map((field) => `podSecurityContext.${field}=null`);
    const asSaid = podSpecOf(objectsOf(template(['--set', withNulls.join(',')])));
    expect(findRefused(asSaid, openShiftRange)).to.deep.equal([]);
    expect(asSaid['securityContext']).to.deep.equal({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    const without = ['--set', 'podSecurityContext=null,securityContext=null'];
    expect(findRefused(podSpecOf(objectsOf(template(without))), openShiftRange)).to.deep.equal([]);
    expect(findRefused(podSpecOf(objectsOf(template([]))), openShiftRange)).to.deep.equal([
      'securityContext.runAsUser: 65532',
      'securityContext.fsGroup: 65532',
    ]);
  });

  it('the chart: says what is wrong with a value', () => {
    const refusals: readonly (readonly [string, RegExp])[] = [
      ['defaultPolicy="hardned"', /value must be one of '', 'minimal', 'restricted', 'hardened'/],
      ['timeoutSeconds=31', /maximum: got 31, want 30/],
      ['excludedNamespaces=["openshift-*"]', /'openshift-\*' does not match pattern/],
      ['commonLabels={"app.kubernetes.io/name":"other"}', /invalid propertyName 'app\.kubernetes\.io\/name'/],
      ['podSecurityContext={"runAsuser":1}', /additional properties 'runAsuser' not allowed/],
      ['metricsPort=8443', /port and metricsPort must differ/],
    ];
    for (const [value, message] of refusals) {
      const { status, stderr } = template(['--set-json', value]);
      expect(status, value).to.not.equal(0);
      expect(stderr).to.match(message);
    }
  });

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
});
