import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../server/client.ts';
import type { NodeBinaries } from '../binaries.ts';
import { run } from '../binaries.ts';
import { startLogged } from '../boundProcess.ts';
import { freePorts } from '../controlPlane.ts';
import type { Bridge } from './bridge.ts';
import { makeCgroup } from './cgroups.ts';
import { imageNames } from './recipes.ts';
import { cniPlugins } from './required.ts';
import { keepSysctls } from './sysctls.ts';
import type { Undo } from './undo.ts';

/** containerd and a kubelet. */
export interface Node {
  /** What the kubelet logged last. */
  readonly log: () => Promise<string>;
}

/**
 * Starts a node; the API server knows it a few seconds later.
 *
 * containerd, the kubelet and all pods live in a mount and a PID namespace of their own: when its first process ends,
 * the kernel ends all the others and takes every mount away, whatever state they are in. What they write outside of the
 * temporary folder goes to memory there. Pods are on a bridge of the machine's, where the API server reaches them.
 */
export async function startNode(
  binaries: NodeBinaries,
  kubeconfig: string,
  images: readonly string[],
  bridge: Bridge,
  undo: Undo,
): Promise<Node> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-harden-node-'));
  undo.add(() => rm(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  const [port] = await freePorts(1);
  await mkdir(file('cni'));
  await Promise.all([
    writeFile(file('containerd.toml'), containerdConfiguration(folder)),
    writeFile(file('cni/bridge.conflist'), JSON.stringify(network(bridge, folder))),
    writeFile(file('kubelet.json'), JSON.stringify(kubeletConfiguration(bridge.name, port, folder))),
  ]);

  undo.add(keepSysctls());
  undo.add(makeCgroup(bridge.name));

  const inMemory = ['/run', '/var/lib', '/var/log'].map((path) => `mount -t tmpfs tmpfs ${path}`);
  const first = startLogged('unshare', file('containerd.log'), [
    ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
    // The shell is there for orphans, which containerd would leave as zombies.
    ...['sh', '-c', [...inMemory, `containerd --config ${file('containerd.toml')} & wait`].join(' && ')],
  ]);
  undo.add(() => endNamespace(first));

  const ctr = ['--address', file('containerd.sock'), '--namespace', 'k8s.io'];
  await until(() => isAnswering(ctr));
  for (const image of images) run('ctr', [...ctr, 'images', 'import', image]);
  startLogged('nsenter', file('kubelet.log'), [
    ...['--target', String(childOf(first)), '--mount', '--pid', binaries.kubelet],
    `--config=${file('kubelet.json')}`,
    `--kubeconfig=${kubeconfig}`,
    '--hostname-override=localhost',
    `--root-dir=${file('kubelet')}`,
    `--cert-dir=${file('pki')}`,
  ]);
  return { log: async () => (await readFile(file('kubelet.log'), 'utf8')).slice(-3000) };
}

function isAnswering(ctr: readonly string[]): boolean {
  try {
    run('ctr', [...ctr, 'version']);
    return true;
  } catch {
    return false;
  }
}

/** What runs first in the namespace that `unshare` made. */
function childOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

/** `unshare` ends when the kernel has ended everything in it. */
async function endNamespace(unshare: ChildProcess): Promise<void> {
  if (unshare.exitCode !== null || unshare.signalCode !== null) return;
  const exit = once(unshare, 'exit');
  process.kill(childOf(unshare), 'SIGKILL');
  await exit;
}

function containerdConfiguration(folder: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${imageNames.pause}"
  # Without CAP_SYS_RESOURCE nobody may lower it.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniPlugins}"
    conf_dir = "${folder}/cni"
`;
}

function network({ name, subnet, firstPod }: Bridge, folder: string): unknown {
  const ranges = [[{ subnet, rangeStart: firstPod }]];
  const ipam = { type: 'host-local', ranges, dataDir: join(folder, 'addresses') };
  return { cniVersion: '1.0.0', name, plugins: [{ type: 'bridge', bridge: name, ipam }] };
}

function kubeletConfiguration(cgroup: string, port: number | undefined, folder: string): unknown {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // As open as etcd, and on loopback as well.
    address: '127.0.0.1',
    port,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    healthzPort: 0,
    containerRuntimeEndpoint: `unix://${folder}/containerd.sock`,
    cgroupRoot: `/${cgroup}`,
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    podLogsDir: join(folder, 'logs'),
    volumePluginDir: join(folder, 'volume-plugins'),
    // No DNS of the machine's is for pods, and there is none of the cluster's.
    resolvConf: '',
    clusterDNS: ['127.0.0.1'],
    // Images come from no registry, so none may be thrown away; and how full the machine's disk is says nothing here.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    makeIPTablesUtilChains: false,
  };
}
