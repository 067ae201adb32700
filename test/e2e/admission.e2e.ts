import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Patch } from '../../src/core/json/patch.ts';
import { until } from '../server/client.ts';
import { describeOnEach } from './controlPlanes.ts';
import type { WebhookServer } from './webhookServer.ts';
import { configurationOf, configurations, encodeBundle, startWebhookServer } from './webhookServer.ts';

const barePod = (name: string): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'web', image: 'nginx' }] },
});

const restrictedContainer = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};

const podSecurity = { 'pod-security.kubernetes.io/enforce': 'restricted' };

const mirrorUser = 'system:node:n1';

describeOnEach(
  'admission',
  (controlPlane) => {
    let webhook: WebhookServer;

    /** Once the API server has taken notice of a configuration; it needs a moment. */
    async function install(overlay: 'opt-in' | 'cluster-wide'): Promise<void> {
      const { api } = controlPlane();
      await api.request('DELETE', `${configurations}/kube-harden`);
      await api.create(configurations, configurationOf(overlay, webhook));
      const probe = overlay === 'opt-in' ? 'restricted' : 'plain';
      await until(async () => {
        const pod = await api.create(`/api/v1/namespaces/${probe}/pods?dryRun=All`, {
          ...barePod('probe'),
          spec: { containers: [{ name: 'web', image: 'nginx' }], securityContext: { runAsNonRoot: true } },
        } as JsonObject);
        return hardenedBy(pod) !== undefined;
      });
    }

    before(async () => {
      webhook = await startWebhookServer();
      const { makeNamespace } = controlPlane();
      await makeNamespace('plain');
      await makeNamespace('restricted', { ...podSecurity, 'kube-harden.io/enforce': 'restricted' });
      await makeNamespace('hardened', { ...podSecurity, 'kube-harden.io/enforce': 'hardened' });
      await makeNamespace('unhardened', podSecurity);
      await makeNamespace('preview', { 'kube-harden.io/preview': 'hardened' });
      await makeNamespace('misnamed', { 'kube-harden.io/preview': 'hardned' });
      await makeNamespace('none', { 'kube-harden.io/enforce': 'none' });
      await install('opt-in');
    });
    after(() => webhook.stop());

    it('makes a bare pod one that a restricted namespace admits', async () => {
      const { api } = controlPlane();
      const refused = await api.request('POST', '/api/v1/namespaces/unhardened/pods', barePod('web'));
      expect(refused.status).to.equal(403);
      const { status, body } = await api.request('POST', '/api/v1/namespaces/restricted/pods', barePod('web'));
      expect(status, JSON.stringify(body)).to.equal(201);
      const spec = body['spec'] as JsonObject;
      expect(spec['securityContext']).to.deep.equal({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(containersOf(body)[0]?.['securityContext']).to.deep.equal(restrictedContainer);
      expect(hardenedBy(body)).to.equal('restricted');
    });

    it('says in warnings what it has added, which kubectl prints', () => {
      const { stdout, stderr, status } = controlPlane().kubectl(
        ['apply', '-n', 'hardened', '-f', '-', '--dry-run=server', '-o', 'json'],
        JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...barePod('dry') }),
      );
      expect(status, stderr).to.equal(0);
      expect(stderr).to.match(/^Warning: kube-harden added: seccompProfile, runAsNonRoot, /);
      const pod = JSON.parse(stdout) as JsonObject;
      expect(containersOf(pod)[0]?.['securityContext']).to.deep.equal({
        ...restrictedContainer,
        readOnlyRootFilesystem: true,
      });
    });

    it('leaves nothing behind after a dry run', async () => {
      const { status } = await controlPlane().api.request('GET', '/api/v1/namespaces/hardened/pods/dry');
      expect(status).to.equal(404);
    });

    it('only warns where a namespace asks for a preview', async () => {
      const { api, kubectl } = controlPlane();
      const { stderr } = kubectl(['run', 'seen', '--image=nginx', '-n', 'preview']);
      expect(stderr).to.match(/^Warning: kube-harden would add \(policy hardened\): /);
      const pod = await api.get('/api/v1/namespaces/preview/pods/seen');
      expect(hardenedBy(pod)).to.equal(undefined);
      expect((pod['spec'] as JsonObject)['securityContext']).to.deep.equal({});
    });

    it('warns where a namespace asks for the preview of a policy that is not there', () => {
      const run = ['run', 'web', '--image=nginx', '--namespace=misnamed', '--dry-run=server'];
      expect(controlPlane().kubectl(run)).to.deep.include({
        status: 0,
        stderr: [
          "Warning: kube-harden: nothing to preview: this namespace's label kube-harden.io/preview names no policy\n",
          'Warning: kube-harden: the policies are hardened, minimal, restricted\n',
        ].join(''),
      });
    });

    it('leaves namespaces alone that nobody has labelled', async () => {
      const pod = await controlPlane().api.create('/api/v1/namespaces/plain/pods', barePod('web'));
      expect(hardenedBy(pod)).to.equal(undefined);
    });

    it('hardens debug containers by every profile of kubectl debug, and lets images be set', async () => {
      const { api, kubectl } = controlPlane();
      await api.create('/api/v1/namespaces/injected/pods', barePod('debugged'));
      for (const profile of ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin']) {
        const container = `--container=${profile}`;
        const flags = ['-n', 'injected', '--image=busybox', `--profile=${profile}`, container];
        const debugged = kubectl(['debug', 'debugged', ...flags]);
        expect(debugged.status, debugged.stderr).to.equal(0);
      }
      const set = kubectl(['set', 'image', 'pod/debugged', 'web=nginx:1.29', '-n', 'injected']);
      expect(set.status, set.stderr).to.equal(0);
      const pod = await api.get('/api/v1/namespaces/injected/pods/debugged');
      expect(containersOf(pod)[0]).to.include({ image: 'nginx:1.29' });
      const debuggers = (pod['spec'] as JsonObject)['ephemeralContainers'] as readonly JsonObject[];
      const contexts = debuggers.map(({ name, securityContext }) => [name as string, securityContext] as const);
      const adding = (...add: string[]) => ({ ...restrictedContainer, capabilities: { add, drop: ['ALL'] } });
      expect(Object.fromEntries(contexts)).to.deep.equal({
        general: adding('SYS_PTRACE'),
        baseline: restrictedContainer,
        restricted: { ...restrictedContainer, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        netadmin: adding('NET_ADMIN', 'NET_RAW'),
        // Privileged as it says, it could not start under the pod's runAsNonRoot, which is kube-harden's own.
        sysadmin: { privileged: true, runAsNonRoot: false },
      });
    });

    it('leaves mirror pods to their node, and to no one else', async () => {
      const { api, apiAs } = controlPlane();
      await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: 'nodes-create-pods' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: mirrorUser }],
      });
      const mirror = (name: string): JsonObject => ({
        metadata: { name, annotations: { 'kubernetes.io/config.mirror': 'x' } },
        spec: { nodeName: 'n1', ...(barePod(name)['spec'] as JsonObject) },
      });
      const path = '/api/v1/namespaces/hardened/pods?dryRun=All';
      // Pod Security refuses what was not hardened.
      const byNode = await apiAs(mirrorUser).request('POST', path, mirror('static-n1'));
      expect(byNode.status).to.equal(403);
      const byAdmin = await api.request('POST', path, mirror('forged-n1'));
      expect(hardenedBy(byAdmin.body)).to.equal('hardened');
    });

    it('lets a sidecar be root that a later webhook brings, and hardens the rest of it', async () => {
      const { api } = controlPlane();
      const injector = await startWebhook(addSidecar);
      await api.create(configurations, injector.configuration);
      try {
        let pod: JsonObject = {};
        await until(async () => {
          pod = await api.create('/api/v1/namespaces/injected/pods?dryRun=All', barePod('web'));
          return containersOf(pod).length === 2;
        });
        const spec = pod['spec'] as JsonObject;
        const [web, sidecar] = containersOf(pod);
        expect(spec['securityContext']).to.deep.equal({ seccompProfile: { type: 'RuntimeDefault' } });
        expect(web?.['securityContext']).to.deep.equal({ ...restrictedContainer, runAsNonRoot: true });
        expect(sidecar?.['securityContext']).to.deep.equal({ ...restrictedContainer, runAsUser: 0 });
      } finally {
        await api.delete(`${configurations}/zz-injector`);
        injector.stop();
      }
    });

    it('mounts nothing twice where a later webhook gives each emptyDir a size', async () => {
      const { api } = controlPlane();
      const injector = await startWebhook(limitEmptyDirs);
      await api.create(configurations, injector.configuration);
      try {
        const annotations = { 'kube-harden.io/writable-paths': '/tmp, /var/cache' };
        const container = { name: 'web', image: 'nginx', securityContext: { readOnlyRootFilesystem: true } };
        const pod = { metadata: { name: 'web', annotations }, spec: { containers: [container] } };
        let volumes: readonly JsonObject[] = [];
        await until(async () => {
          const { spec } = await api.create('/api/v1/namespaces/injected/pods?dryRun=All', pod);
          volumes = (spec as { volumes: readonly JsonObject[] }).volumes.filter(
            ({ emptyDir }) => emptyDir !== undefined,
          );
          return volumes.some(({ emptyDir }) => (emptyDir as JsonObject)['sizeLimit'] !== undefined);
        });
        expect(volumes.map(({ emptyDir }) => emptyDir)).to.deep.equal([{ sizeLimit: '1Gi' }, { sizeLimit: '1Gi' }]);
      } finally {
        await api.delete(`${configurations}/zz-injector`);
        injector.stop();
      }
    });

    it('takes nothing out that an author wrote, whatever the annotations claim', async () => {
      const { api } = controlPlane();
      const claimed = [
        'spec.securityContext.runAsNonRoot',
        'spec.volumes[kube-harden-x]',
        'spec.containers[web].volumeMounts[/x]',
        'spec.containers[web].securityContext.readOnlyRootFilesystem',
        'spec.containers[web].securityContext.capabilities.drop',
      ];
      const genuine = await api.create('/api/v1/namespaces/injected/pods?dryRun=All', barePod('web'));
      const { annotations: signed } = genuine['metadata'] as { annotations: JsonObject };
      const authored = {
        securityContext: { runAsNonRoot: true },
        volumes: [{ name: 'kube-harden-x', emptyDir: { medium: 'Memory' } }],
        initContainers: [{ name: 'chown', image: 'nginx', securityContext: { runAsUser: 0 } }],
        containers: [
          {
            name: 'web',
            image: 'nginx',
            securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'kube-harden-x', mountPath: '/x' }],
          },
        ],
      };
      const forged = {
        'kube-harden.io/policy': 'restricted',
        'kube-harden.io/added': JSON.stringify(claimed),
        'kube-harden.io/claim': signed['kube-harden.io/claim'] ?? null,
      };
      for (const annotations of [forged, { ...signed, 'kube-harden.io/added': JSON.stringify(claimed) }]) {
        const pod = { metadata: { name: 'web', annotations }, spec: authored };
        const { spec } = (await api.create('/api/v1/namespaces/injected/pods?dryRun=All', pod)) as { spec: JsonObject };
        expect(spec['securityContext']).to.deep.include(authored.securityContext);
        expect((spec['volumes'] as JsonObject[])[0]).to.deep.equal(authored.volumes[0]);
        const [web] = containersOf({ spec });
        expect(web?.['securityContext']).to.deep.include(authored.containers[0]?.securityContext);
        expect(web?.['volumeMounts']).to.deep.include(authored.containers[0]?.volumeMounts[0]);
      }
    });

    it('keeps an explicit runAsNonRoot for debug containers, whatever somebody annotates', async () => {
      const { api, kubectl } = controlPlane();
      const pod = barePod('explicit');
      const spec = { ...(pod['spec'] as JsonObject), securityContext: { runAsNonRoot: true } };
      await api.create('/api/v1/namespaces/injected/pods', { ...pod, spec });
      const added = 'kube-harden.io/added=["spec.securityContext.runAsNonRoot"]';
      const annotated = kubectl(['annotate', '--overwrite', 'pod/explicit', added, '-n', 'injected']);
      expect(annotated.status, annotated.stderr).to.equal(0);
      const flags = ['-n', 'injected', '--image=busybox', '--profile=sysadmin', '--container=root'];
      const debugged = kubectl(['debug', 'explicit', ...flags]);
      expect(debugged.status, debugged.stderr).to.equal(0);
      const { spec: after } = (await api.get('/api/v1/namespaces/injected/pods/explicit')) as { spec: JsonObject };
      const [root] = after['ephemeralContainers'] as readonly JsonObject[];
      expect(root?.['securityContext']).to.deep.equal({ privileged: true });
    });
    before(() => controlPlane().makeNamespace('injected', { 'kube-harden.io/enforce': 'restricted' }));

    describe('cluster-wide', () => {
      before(() => install('cluster-wide'));

      it('hardens what has no label', async () => {
        const pod = await controlPlane().api.create('/api/v1/namespaces/plain/pods?dryRun=All', barePod('late'));
        expect(hardenedBy(pod)).to.equal('hardened');
      });

      it('lets a label choose another policy, or none', async () => {
        const { api } = controlPlane();
        const other = await api.create('/api/v1/namespaces/restricted/pods?dryRun=All', barePod('late'));
        expect(hardenedBy(other)).to.equal('restricted');
        const none = await api.create('/api/v1/namespaces/none/pods?dryRun=All', barePod('late'));
        expect(hardenedBy(none)).to.equal(undefined);
        expect((none['spec'] as JsonObject)['securityContext']).to.deep.equal({});
      });

      it('stays out of the namespaces that a cluster cannot start without', async () => {
        const { api } = controlPlane();
        await api.request('POST', '/api/v1/namespaces/kube-system/serviceaccounts', { metadata: { name: 'default' } });
        const pod = await api.create('/api/v1/namespaces/kube-system/pods?dryRun=All', barePod('dns'));
        expect(hardenedBy(pod)).to.equal(undefined);
      });
    });
  },
  [mirrorUser],
);

function containersOf(pod: JsonObject): readonly JsonObject[] {
  return (pod['spec'] as { containers: readonly JsonObject[] }).containers;
}

function hardenedBy(pod: JsonObject): Json | undefined {
  const { annotations = {} } = (pod['metadata'] ?? {}) as { annotations?: JsonObject };
  return annotations['kube-harden.io/policy'];
}

/** A sidecar that says that it has to be root. */
function addSidecar(pod: JsonObject): Patch {
  if (containersOf(pod).some(({ name }) => name === 'sidecar')) return [];
  const value = { name: 'sidecar', image: 'proxy', securityContext: { runAsUser: 0 } };
  return [{ op: 'add', path: '/spec/containers/-', value }];
}

/** As policies of other webhooks do that want a limit on each. */
function limitEmptyDirs(pod: JsonObject): Patch {
  const { volumes = [] } = pod['spec'] as { volumes?: readonly { emptyDir?: JsonObject }[] };
  return volumes.flatMap(({ emptyDir }, index) =>
    emptyDir === undefined || emptyDir['sizeLimit'] !== undefined
      ? []
      : [{ op: 'add', path: `/spec/volumes/${index}/emptyDir/sizeLimit`, value: '1Gi' }],
  );
}

/** Another webhook, whose name comes after kube-harden's. */
async function startWebhook(
  patchFor: (pod: JsonObject) => Patch,
): Promise<{ configuration: JsonObject; stop: () => void }> {
  const { cert, key, ca } = await makeThrowawayCertificate();
  const server = createServer({ cert, key }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const { uid, object } = (JSON.parse(text) as { request: { uid: string; object: JsonObject } }).request;
      const patch = patchFor(object);
      response.setHeader('Content-Type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: {
            uid,
            allowed: true,
            patchType: 'JSONPatch',
            patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
          },
        }),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    configuration: {
      metadata: { name: 'zz-injector' },
      webhooks: [
        {
          name: 'injector.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: encodeBundle(ca) },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'injected' } },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        },
      ],
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
