import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifests } from '../../install/install.ts';
import { run } from '../binaries.ts';
import type { ControlPlane } from '../controlPlane.ts';
import type { KubeApi } from '../kubeApi.ts';
import { eventually } from './eventually.ts';
import { imageNames } from './recipes.ts';

/** With a certificate of kube-harden's own, or of ours. */
export type Overlay = 'overlays/opt-in' | 'overlays/cluster-wide' | 'install/opt-in-own-certificate';

export const chart = join(manifests, 'chart');

const [newName = '', newTag = ''] = imageNames.kubeHarden.split(':');

/** Installs by Helm as the manual tells; only the image is another. */
export function installChart({ helm }: ControlPlane): void {
  const image = ['--set', `image.repository=${newName},image.tag=${newTag}`];
  const flags = ['--namespace', 'kube-harden', '--create-namespace', ...image];
  const { status, stderr } = helm(['install', 'kube-harden', chart, ...flags]);
  if (status !== 0) throw new Error(stderr);
}

/** Takes away what an overlay has installed, and waits until it is gone. */
export async function uninstall({ api, kubectl }: ControlPlane, overlay: Overlay): Promise<void> {
  const { status, stderr } = kubectl(['delete', '-k', join(manifests, overlay), '--wait=false']);
  if (status !== 0) throw new Error(stderr);
  await eventually(60, async () => {
    const left = await api.request('GET', '/api/v1/namespaces/kube-harden');
    return left.status === 404 || 'the namespace is still there';
  });
}

/** Installs as the manual tells; only the image's name is another. */
export async function install({ kubectl }: ControlPlane, overlay: Overlay): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-harden-install-'));
  try {
    await cp(manifests, join(folder, 'manifests'), { recursive: true });
    if (overlay === 'install/opt-in-own-certificate') run('sh', ['-e', '-c', await certificateCommands()], folder);
    const kustomization = {
      resources: [`manifests/${overlay}`],
      images: [{ name: 'kube-harden', newName, newTag }],
    };
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    const { status, stderr } = kubectl(['apply', '-k', folder]);
    if (status !== 0) throw new Error(stderr);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Those of the manual, up to where it applies. */
async function certificateCommands(): Promise<string> {
  const manual = await readFile(join(manifests, 'README.md'), 'utf8');
  const commands = /^(cd manifests\/components\/own-certificate\n.*?)^cd -$/ms.exec(manual)?.[1];
  if (commands === undefined) throw new Error('The manual no longer tells how to make a certificate.');
  return commands;
}

const deployment = '/apis/apps/v1/namespaces/kube-harden/deployments/kube-harden';

/** The names of the pods that are not on their way out. */
export async function replicas(api: KubeApi): Promise<readonly string[]> {
  const { items } = (await api.get('/api/v1/namespaces/kube-harden/pods')) as {
    items: readonly { metadata: { name: string; deletionTimestamp?: string } }[];
  };
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

/** Waits until all replicas are of the newest template and Ready, as `kubectl rollout status` does. */
export async function untilRolledOut(api: KubeApi): Promise<void> {
  await eventually(90, async () => {
    const { metadata, spec, status } = (await api.get(deployment)) as Record<string, Record<string, number>>;
    const wanted = spec?.['replicas'];
    const counts = ['replicas', 'updatedReplicas', 'availableReplicas'].map((count) => status?.[count]);
    const isSeen = status?.['observedGeneration'] === metadata?.['generation'];
    return (isSeen && counts.every((count) => count === wanted)) || `not rolled out: ${JSON.stringify(status)}`;
  });
}

/** What `kubectl rollout restart` does. */
export async function restart(api: KubeApi): Promise<void> {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await api.merge(deployment, { spec: { template: { metadata: { annotations } } } });
}
