import type { ControlPlane } from '../controlPlane.ts';
import { eventually } from './eventually.ts';

/** A namespace that kube-harden's strictest policy is for and that admits nothing less; ready for pods. */
export async function makeHardenedNamespace(plane: ControlPlane, name: string): Promise<void> {
  const labels = { 'kube-harden.io/enforce': 'hardened', 'pod-security.kubernetes.io/enforce': 'restricted' };
  await makeReadyNamespace(plane, name, labels);
}

/** Makes a namespace and waits for what the controller manager puts there a moment later. */
export async function makeReadyNamespace(
  { api }: ControlPlane,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name, labels } });
  for (const path of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']) {
    await eventually(10, async () => {
      const { status } = await api.request('GET', `/api/v1/namespaces/${name}/${path}`);
      return status === 200 || `${path} is missing`;
    });
  }
}
