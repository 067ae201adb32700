import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import type { Binaries } from './binaries.ts';
import { end, startLogged } from './boundProcess.ts';
import type { KubeApi } from './kubeApi.ts';
import { makeKubeApi } from './kubeApi.ts';

/** A real API server with its etcd, on loopback, with nothing in it; no node, no scheduler and no controllers. */
export interface ControlPlane {
  readonly version: string;
  /** As cluster-admin. */
  readonly api: KubeApi;
  /** As another user, with what RBAC gives it. */
  readonly apiAs: (user: string) => KubeApi;
  /** Writes a kubeconfig, for a user. */
  readonly kubeconfigOf: (user: string) => string;
  /** Where its keys and logs lie: `ca.crt` and `sa.key` are what a controller manager needs. */
  readonly folder: string;
  /** Runs the real kubectl as cluster-admin. Never throws for what it answers. */
  readonly kubectl: (parameters: readonly string[], input?: string) => Ran;
  /** Runs the real Helm as cluster-admin. Never throws for what it answers. */
  readonly helm: (parameters: readonly string[]) => Ran;
  /** A namespace with its service account, which no controller is there to make. */
  readonly makeNamespace: (name: string, labels?: Readonly<Record<string, string>>) => Promise<void>;
  /** Ends the API server, and starts it again on the same port and data. */
  readonly restartApiServer: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What else the API server is told. */
export interface ApiServerSettings {
  /** The address that it listens at instead of loopback. */
  readonly host?: string;
  readonly port?: number;
  readonly flags?: readonly string[];
}

const admin = 'admin';

/** Starts a control plane; ready when it answers and has made what it makes by itself. */
export async function startControlPlane(
  binaries: Binaries,
  users: readonly string[] = [],
  { host = '127.0.0.1', port: wantedPort, flags = [] }: ApiServerSettings = {},
): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-harden-e2e-'));
  const file = (name: string): string => join(folder, name);
  const [etcdPort, peerPort, freePort] = await freePorts(3);
  const port = wantedPort ?? freePort;
  const { cert, key, ca } = await makeThrowawayCertificate(host);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tokenOf = (user: string): string => `token-of-${user}`;
  await Promise.all([
    writeFile(file('tls.crt'), cert),
    writeFile(file('tls.key'), key),
    writeFile(file('ca.crt'), ca),
    writeFile(file('sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' })),
    writeFile(file('sa.pub'), publicKey.export({ type: 'spki', format: 'pem' })),
    writeFile(
      file('tokens.csv'),
      [`${tokenOf(admin)},${admin},${admin},system:masters`, ...users.map((user) => `${tokenOf(user)},${user},${user}`)]
        .map((line) => `${line}\n`)
        .join(''),
    ),
  ]);
  const url = `https://${host}:${port}`;
  const kubeconfigOf = (user: string): string => {
    const path = file(`kubeconfig-${user.replaceAll(/[^\w-]/g, '-')}`);
    writeFileSync(path, makeKubeconfig(url, ca, tokenOf(user)));
    return path;
  };
  const adminKubeconfig = kubeconfigOf(admin);

  const etcd = startLogged(binaries.etcd, file('etcd.log'), [
    `--data-dir=${file('etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    // What a test leaves behind is thrown away anyhow.
    '--unsafe-no-fsync',
  ]);
  const startApiServer = (): ChildProcess =>
    startLogged(binaries.kubeApiserver, file('kube-apiserver.log'), [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      `--bind-address=${host}`,
      `--secure-port=${port}`,
      `--tls-cert-file=${file('tls.crt')}`,
      `--tls-private-key-file=${file('tls.key')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--allow-privileged=true',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${file('sa.key')}`,
      `--service-account-key-file=${file('sa.pub')}`,
      // A request in flight is no reason for a test to wait.
      '--shutdown-send-retry-after=false',
      ...flags,
    ]);
  let apiServer = startApiServer();
  const apis: KubeApi[] = [];
  const apiAs = (user: string): KubeApi => {
    const api = makeKubeApi({ url, ca, token: tokenOf(user) });
    apis.push(api);
    return api;
  };
  const api = apiAs(admin);

  const waitUntilReady = async (): Promise<void> => {
    const deadline = Date.now() + 60_000;
    while (!(await isReady(api))) {
      const log = file('kube-apiserver.log');
      if (Date.now() > deadline || apiServer.exitCode !== null) {
        throw new Error(`The API server did not start:\n${(await readFile(log, 'utf8')).slice(-3000)}`);
      }
      await sleep(100);
    }
  };
  await waitUntilReady();
  return {
    version: binaries.version,
    api,
    apiAs,
    kubeconfigOf,
    folder,
    kubectl: (parameters, input = '') => {
      const options = { input, encoding: 'utf8', timeout: 60_000, maxBuffer: 2 ** 28 } as const;
      return spawnSync(binaries.kubectl, ['--kubeconfig', adminKubeconfig, ...parameters], options);
    },
    helm: (parameters) => {
      const env = {
        ...process.env,
        HELM_CACHE_HOME: file('helm'),
        HELM_CONFIG_HOME: file('helm'),
        HELM_DATA_HOME: file('helm'),
      };
      const options = { encoding: 'utf8', timeout: 60_000, maxBuffer: 2 ** 28, env } as const;
      return spawnSync(binaries.helm, ['--kubeconfig', adminKubeconfig, ...parameters], options);
    },
    makeNamespace: async (name, labels = {}) => {
      await api.create('/api/v1/namespaces', { metadata: { name, labels } });
      await api.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
    },
    restartApiServer: async () => {
      await end(apiServer, millisecondsToEnd);
      apiServer = startApiServer();
      await waitUntilReady();
    },
    stop: async () => {
      for (const each of apis) each.close();
      await end(apiServer, millisecondsToEnd);
      await end(etcd, millisecondsToEnd);
      await rm(folder, { recursive: true });
    },
  };
}

async function isReady(api: KubeApi): Promise<boolean> {
  try {
    return (await api.request('GET', '/readyz')).status === 200;
  } catch {
    return false;
  }
}

/** Long watches keep an API server from ending by itself. */
const millisecondsToEnd = 5000;

/** Ports that nobody listens on; all at once, so that none comes twice. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

function makeKubeconfig(url: string, ca: string, token: string): string {
  const name = 'kube-harden-e2e';
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
  });
}
