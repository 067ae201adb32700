import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JsonObject } from '../../../src/core/json/json.ts';
import { repository } from '../../install/install.ts';
import { isTrue } from './cluster.ts';
import { eventually } from './eventually.ts';
import { makeHardenedNamespace } from './namespace.ts';
import { confined, processStatus } from './processStatus.ts';
import { imageNames } from './recipes.ts';
import { cluster } from './runningCluster.ts';

const namespace = 'hardened';
const pods = `/api/v1/namespaces/${namespace}/pods`;

/** Bare but for the user, which no manifest tells and these images do not. */
interface Bare {
  readonly image: string;
  readonly runAsUser: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly writable: readonly string[];
  readonly readOnly: readonly string[];
  /** Shows that it does its work, by its own means. */
  readonly works: readonly string[];
}

const bare: Readonly<Record<string, Bare>> = {
  nginx: {
    image: imageNames.nginx,
    runAsUser: 101,
    annotations: {},
    writable: ['/var/cache/nginx', '/var/run', '/run'],
    readOnly: ['/', '/etc/nginx', '/tmp', '/var/log/nginx', '/usr/share/nginx/html'],
    // Needs low ports without root, its pid file, and the token below the directory that an emptyDir hides.
    works: [
      'test "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = 0',
      'test "$(cat /var/run/nginx.pid)" = 1',
      'test -s /var/run/secrets/kubernetes.io/serviceaccount/token',
    ],
  },
  redis: {
    image: imageNames.redis,
    runAsUser: 999,
    annotations: { 'kube-harden.io/writable-paths': '/tmp, /var/lib/redis=8Mi' },
    writable: ['/data', '/tmp', '/var/lib/redis'],
    readOnly: ['/', '/etc', '/run', '/var/log'],
    works: ['redis-cli set key value', 'redis-cli save', 'test -s /data/dump.rdb'],
  },
};

describe('pods on a node', () => {
  before(() => makeHardenedNamespace(cluster(), namespace));

  for (const [name, { image, runAsUser, annotations, writable, readOnly, works }] of Object.entries(bare)) {
    describe(`a bare ${name}`, () => {
      const sh = (command: string) =>
        cluster().kubectl(['exec', '--namespace', namespace, name, '--', 'sh', '-c', command]);

      before(async () => {
        const { api } = cluster();
        const ports = name === 'nginx' ? [{ containerPort: 80 }] : [];
        const spec = { securityContext: { runAsUser }, containers: [{ name, image, ports }] };
        await api.create(pods, { metadata: { name, annotations }, spec } as JsonObject);
        await eventually(60, async () => {
          const pod = await api.get(`${pods}/${name}`);
          return isTrue(pod, 'Ready') || `it is not Ready: ${JSON.stringify(pod['status'])}`;
        });
      });

      it('runs confined, as the user that its author wrote', () => {
        const status = processStatus(cluster(), namespace, name);
        expect(status).to.include({ ...confined, Uid: Array(4).fill(runAsUser).join('\t') });
      });

      it('writes to its declared paths', () => {
        for (const path of writable) expect(sh(`touch ${path}/written`)).to.include({ status: 0, stderr: '' });
      });

      it('writes nowhere else', () => {
        for (const path of readOnly) expect(sh(`touch ${path}/written`).stderr).to.contain('Read-only file system');
      });

      it('does its work', () => {
        for (const command of works) expect(sh(command), command).to.include({ status: 0 });
      });

      it('gets a debug container beside it', async () => {
        const { api, kubectl } = cluster();
        const debug = ['debug', name, '--namespace', namespace, '--image', imageNames.redis, '--container', 'debugger'];
        expect(kubectl([...debug, '--', 'sleep', '600'])).to.include({ status: 0 });
        await eventually(30, async () => {
          const { status } = (await api.get(`${pods}/${name}`)) as {
            status: { ephemeralContainerStatuses?: readonly { state: JsonObject }[] };
          };
          const state = status.ephemeralContainerStatuses?.[0]?.state;
          return (state !== undefined && 'running' in state) || `the debug container is ${JSON.stringify(state)}`;
        });
        expect(processStatus(cluster(), namespace, name, 'debugger')).to.include(confined);
      });
    });
  }

  it('starts what a controller creates', async () => {
    const { api } = cluster();
    const labels = { app: 'web' };
    const containers = [{ name: 'web', image: imageNames.nginx, ports: [{ containerPort: 80 }] }];
    const template = { metadata: { labels }, spec: { securityContext: { runAsUser: 101 }, containers } };
    const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    await api.create(deployments, {
      metadata: { name: 'web' },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    });
    await eventually(60, async () => {
      const { status } = (await api.get(`${deployments}/web`)) as { status: JsonObject };
      return status['readyReplicas'] === 2 || JSON.stringify(status);
    });
  });

  describe('an image that runs as root', () => {
    const pod = { metadata: { name: 'root' }, spec: { containers: [{ name: 'web', image: imageNames.nginx }] } };

    it('is what the preview warns of', () => {
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...pod });
      const main = join(repository, 'src/main.ts');
      const { stderr } = spawnSync(process.execPath, [main, 'preview', '-f', '-'], { input, encoding: 'utf8' });
      expect(stderr).to.contain(
        'container web: starts only if its image names a USER by number, not 0; or set runAsUser\n',
      );
    });

    it('does not start, as the webhook warns, and the kubelet says why', async () => {
      const { api } = cluster();
      const { warnings } = await api.request('POST', pods, pod);
      expect(warnings).to.deep.equal([
        'kube-harden added: seccompProfile, runAsNonRoot, allowPrivilegeEscalation, capabilities and 2 more',
        'kube-harden: container web: starts only if its image names a USER by number, not 0; or set runAsUser',
      ]);
      await eventually(30, async () => {
        const { status } = (await api.get(`${pods}/root`)) as { status: { containerStatuses?: readonly JsonObject[] } };
        const waiting = (status.containerStatuses?.[0]?.['state'] as { waiting?: JsonObject } | undefined)?.waiting;
        if (waiting?.['reason'] !== 'CreateContainerConfigError') return `it waits for ${JSON.stringify(status)}`;
        expect(waiting['message']).to.match(/^container has runAsNonRoot and image will run as root \(/);
        return true;
      });
    });
  });
});
