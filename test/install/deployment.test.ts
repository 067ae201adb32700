import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { serveCommand } from '../../src/cli/serve.ts';
import { harden } from '../../src/core/harden.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { evaluatePod } from '../../src/standards/evaluate.ts';
import { builtInPolicy } from '../core/policies.ts';
import { addedArguments, baseDocument, readDocuments, readKustomization, repository, webhooksOf } from './install.ts';

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string(), scheme: z.string() }) });
const labels = z.record(z.string(), z.string());
const named = z.object({ name: z.string(), namespace: z.string() });
const port = z.object({ name: z.string(), containerPort: z.number() });
const container = z.object({
  image: z.string(),
  args: z.array(z.string()),
  ports: z.tuple([port, port]),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  resources: z.object({ requests: labels, limits: labels }),
});
const template = z.object({
  metadata: z.object({ labels }),
  spec: z.object({
    automountServiceAccountToken: z.literal(true),
    terminationGracePeriodSeconds: z.number(),
    securityContext: z.object({ runAsUser: z.number(), runAsGroup: z.number(), fsGroup: z.number() }),
    containers: z.tuple([container]),
  }),
});
const deployment = z.object({
  metadata: named,
  spec: z.object({ replicas: z.number(), selector: z.object({ matchLabels: labels }), template }),
});
const service = z.object({
  metadata: named,
  spec: z.object({ selector: labels, ports: z.tuple([z.object({ port: z.number(), targetPort: z.string() })]) }),
});

describe("kube-harden's own Deployment", () => {
  const raw = baseDocument('Deployment');
  const { spec } = deployment.parse(raw);
  const [only] = spec.template.spec.containers;
  const pod = podOf(raw);

  for (const policy of ['minimal', 'restricted', 'hardened'] as const) {
    it(`needs no patch under ${policy}`, () => {
      const hardening = harden(pod, builtInPolicy(policy));
      expect('patch' in hardening && hardening.patch).to.deep.equal([]);
    });
  }

  it('meets the restricted standard, to which its namespace holds it', () => {
    expect(evaluatePod(pod, 'restricted', 'latest')).to.deep.equal([]);
    const namespace = z.object({ metadata: z.object({ labels }) }).parse(baseDocument('Namespace'));
    expect(namespace.metadata.labels['pod-security.kubernetes.io/enforce']).to.equal('restricted');
  });

  it('survives the loss of one node', () => {
    expect(spec.replicas).to.be.at.least(2);
  });

  it('is the one pod that gets its token', () => {
    expect(baseDocument('ServiceAccount')).to.have.property('automountServiceAccountToken', false);
    expect(spec.template.spec.automountServiceAccountToken).to.equal(true);
  });

  it('is asked for its health over HTTPS at its own port', () => {
    const { name } = only.ports[0];
    const at = (path: string) => ({ httpGet: { path, port: name, scheme: 'HTTPS' } });
    expect(only.startupProbe).to.deep.equal(at('/readyz'));
    expect(only.readinessProbe).to.deep.equal(at('/readyz'));
    expect(only.livenessProbe).to.deep.equal(at('/healthz'));
  });

  it('is started with options that there are, in each install', () => {
    const added = ['overlays/opt-in', 'overlays/cluster-wide', 'components/certificate-files'].flatMap(addedArguments);
    const [command, ...flags] = [...only.args, ...added];
    expect(command).to.equal('serve');
    expect(flags).to.deep.equal([
      '--cluster',
      `--port=${only.ports[0].containerPort}`,
      `--metrics-port=${only.ports[1].containerPort}`,
      '--default-policy=hardened',
      '--tls-cert=/etc/kube-harden/tls/tls.crt',
      '--tls-key=/etc/kube-harden/tls/tls.key',
      '--tls-ca=/etc/kube-harden/tls/ca.crt',
    ]);
    for (const flag of flags) expect(optionOfServe(flag.split('=')[0] ?? ''), flag).not.to.equal(undefined);
  });

  it('can read a key that is mounted, and others cannot', () => {
    const operation = z.object({ path: z.string(), value: z.json() });
    const operations = z
      .array(operation)
      .parse(readDocuments('components/certificate-files/certificate-files.yaml')[0]);
    const valueAt = (path: string) => operations.find((each) => each.path === path)?.value;
    expect(valueAt('/spec/template/spec/volumes')).to.deep.equal([
      { name: 'tls', secret: { secretName: 'kube-harden-tls', defaultMode: 0o440 } },
    ]);
    expect(valueAt('/spec/template/spec/containers/0/volumeMounts')).to.deep.equal([
      { name: 'tls', mountPath: '/etc/kube-harden/tls', readOnly: true },
    ]);
    const { securityContext } = spec.template.spec;
    expect(securityContext.fsGroup).to.equal(securityContext.runAsGroup);
  });

  it('has time to drain and to finish its answers before its end', () => {
    const drain = z.number().parse(optionOfServe('--drain-seconds')?.defaultValue);
    const slowest = Math.max(...webhooksOf('cluster-wide').map(({ timeoutSeconds }) => timeoutSeconds));
    expect(spec.template.spec.terminationGracePeriodSeconds).to.be.greaterThan(drain + slowest);
  });

  it('has requests, a memory limit, and no CPU limit that would throttle it', () => {
    expect(only.resources.requests).to.have.all.keys('cpu', 'memory');
    expect(only.resources.limits).to.have.all.keys('memory');
  });

  it('runs the image of the version in package.json', () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
    const image = readKustomization('base').images.find(({ name }) => name === only.image);
    expect(image).to.deep.equal({ name: 'kube-harden', newName: 'kube-harden', newTag: version });
  });

  it('is what the Service, the budget and the network policy select', () => {
    const { matchLabels } = spec.selector;
    expect(spec.template.metadata.labels).to.include(matchLabels);
    const { selector } = service.parse(baseDocument('Service')).spec;
    const selects = z.object({ matchLabels: labels });
    const budget = z.object({ spec: z.object({ selector: selects }) }).parse(baseDocument('PodDisruptionBudget'));
    const network = z.object({ spec: z.object({ podSelector: selects }) }).parse(baseDocument('NetworkPolicy'));
    expect(selector).to.deep.equal(matchLabels);
    expect(budget.spec.selector.matchLabels).to.deep.equal(matchLabels);
    expect(network.spec.podSelector.matchLabels).to.deep.equal(matchLabels);
  });

  it('is where the webhooks point', () => {
    const { metadata, spec: own } = service.parse(baseDocument('Service'));
    expect(own.ports[0].targetPort).to.equal(only.ports[0].name);
    for (const { clientConfig } of webhooksOf('cluster-wide')) {
      const { name, namespace, port } = clientConfig.service;
      expect({ name, namespace, port }).to.deep.equal({ ...metadata, port: own.ports[0].port });
    }
  });
});

/** The pod that the Deployment's template makes. */
function podOf(raw: Json): JsonObject {
  const { spec } = z.object({ spec: z.object({ template: z.record(z.string(), z.json()) }) }).parse(raw);
  return { apiVersion: 'v1', kind: 'Pod', ...spec.template };
}

function optionOfServe(flag: string) {
  return serveCommand().options.find(({ long }) => long === flag);
}
