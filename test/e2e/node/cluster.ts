import { join } from 'node:path';
import type { JsonObject } from '../../../src/core/json/json.ts';
import { findNodeBinaries } from '../binaries.ts';
import { end, startLogged } from '../boundProcess.ts';
import type { ControlPlane } from '../controlPlane.ts';
import { startControlPlane } from '../controlPlane.ts';
import { makeBridge } from './bridge.ts';
import { eventually } from './eventually.ts';
import { findImages } from './images.ts';
import { startNode } from './node.ts';
import { makeUndo } from './undo.ts';

const flags = [
  // Without kube-proxy, only so it reaches webhooks behind a Service: at their pods' addresses.
  '--enable-aggregator-routing=true',
  // The node is called localhost, and its kubelet listens nowhere else.
  '--kubelet-preferred-address-types=Hostname',
];

/**
 * Starts a whole cluster: control plane, controllers, scheduler and one node, without DNS and kube-proxy. Ready when its
 * node is.
 */
export async function startCluster(): Promise<ControlPlane> {
  const binaries = findNodeBinaries();
  const images = findImages();
  const undo = makeUndo();
  try {
    const bridge = makeBridge(undo);
    // As kube-proxy would have it: pods find the API server at the address of its Service.
    const settings = {
      host: bridge.address,
      port: 443,
      flags: [`--service-cluster-ip-range=${bridge.services}`, ...flags],
    };
    const controlPlane = await startControlPlane(binaries.controlPlane, [], settings);
    undo.add(controlPlane.stop);
    const { api, folder } = controlPlane;
    const kubeconfig = controlPlane.kubeconfigOf('admin');
    const startController = (program: string, name: string, flags: readonly string[]): void => {
      const all = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0', ...flags];
      const child = startLogged(program, join(folder, `${name}.log`), all);
      undo.add(() => end(child, 1000));
    };
    startController(binaries.kubeScheduler, 'kube-scheduler', []);
    startController(binaries.kubeControllerManager, 'kube-controller-manager', [
      `--root-ca-file=${join(folder, 'ca.crt')}`,
      `--service-account-private-key-file=${join(folder, 'sa.key')}`,
    ]);
    const node = await startNode(binaries, kubeconfig, images, bridge, undo);
    await eventually(60, async () => {
      const { body } = await api.request('GET', '/api/v1/nodes/localhost');
      return isTrue(body, 'Ready') || `the node is not Ready: ${await node.log()}`;
    });
    return { ...controlPlane, stop: undo.all };
  } catch (error) {
    await undo.all();
    throw error;
  }
}

/** Whether a condition in the status of a node or a pod says True. */
export function isTrue({ status }: JsonObject, type: string): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}
