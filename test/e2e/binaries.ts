import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The programs of a control plane. */
export interface Binaries {
  /** As people say it: `1.37`. */
  readonly version: string;
  readonly kubeApiserver: string;
  readonly etcd: string;
  readonly kubectl: string;
  readonly helm: string;
}

/** The programs of a node, and what makes a cluster of it and the control plane of the same version. */
export interface NodeBinaries {
  readonly controlPlane: Binaries;
  readonly kubelet: string;
  readonly kubeScheduler: string;
  readonly kubeControllerManager: string;
}

/** What keeps the tests from running at all; one line. */
export class BinariesError extends Error {
  override name = 'BinariesError';
}

const modules = join(import.meta.dirname, 'modules');

/**
 * Control planes to test with, the newest first: the one in the folder that `KUBEBUILDER_ASSETS` names, as is the custom
 * of controllers' tests; otherwise those that `modules/` pins, built from their Go modules once and kept in the user's
 * cache.
 *
 * @throws {BinariesError} where there is neither.
 */
export function findBinaries(): readonly Binaries[] {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined) {
    // The custom knows of no Helm: the machine's own will do.
    const helm = existsSync(join(assets, 'helm')) ? join(assets, 'helm') : 'helm';
    return [inFolder(assets, assets, helm)];
  }
  if (spawnSync('go', ['version']).status !== 0) {
    throw new BinariesError(
      'The end-to-end tests need Go 1.26 or newer, to build kube-apiserver, etcd, kubectl and helm, or KUBEBUILDER_ASSETS, a folder with the first three.',
    );
  }
  const etcd = build('etcd');
  const helm = join(build('helm'), 'helm');
  return readdirSync(modules)
    .filter((name) => name.startsWith('kubernetes-'))
    .sort()
    .reverse()
    .map((name) => inFolder(build(name), etcd, helm));
}

/**
 * A control plane and a node of one version, built as those of `findBinaries` are. `KUBEBUILDER_ASSETS` counts for
 * nothing here: by custom it has no kubelet.
 *
 * @throws {BinariesError} without Go.
 */
export function findNodeBinaries(): NodeBinaries {
  if (spawnSync('go', ['version']).status !== 0) {
    throw new BinariesError('The tests on a node need Go 1.26 or newer, to build Kubernetes.');
  }
  const node = build('node-1.34');
  return {
    controlPlane: inFolder(build('kubernetes-1.34'), build('etcd'), join(build('helm'), 'helm')),
    kubelet: join(node, 'kubelet'),
    kubeScheduler: join(node, 'kube-scheduler'),
    kubeControllerManager: join(node, 'kube-controller-manager'),
  };
}

function inFolder(kubernetes: string, etcd: string, helm: string): Binaries {
  const binaries = {
    kubeApiserver: join(kubernetes, 'kube-apiserver'),
    etcd: join(etcd, 'etcd'),
    kubectl: join(kubernetes, 'kubectl'),
  };
  for (const file of Object.values(binaries)) {
    if (!existsSync(file)) throw new BinariesError(`${file} is missing.`);
  }
  const said = run(binaries.kubeApiserver, ['--version'], kubernetes);
  return { ...binaries, helm, version: /v(\d+\.\d+)/.exec(said)?.[1] ?? said.trim() };
}

/** Where what takes long to build is kept. */
export function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kube-harden');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The folder with the tools of a module, built if they are not there as they have to be. */
function build(name: string): string {
  const source = join(modules, name);
  const hash = createHash('sha256').update(run('go', ['version'], source));
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(source, file)));
  const cache = cacheFolder();
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;

  process.stderr.write(`Building ${name} from its Go modules: minutes, but only once.\n`);
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    const tools = run('go', ['list', 'tool'], source).trim().split('\n');
    for (const tool of tools) {
      const program = join(
        unfinished,
        tool.startsWith('go.etcd.io/etcd/server') ? 'etcd' : (tool.split('/').at(-1) ?? ''),
      );
      run('go', ['build', '-trimpath', '-ldflags', `-s -w ${versionFlags(source)}`, '-o', program, tool], source);
    }
    renameSync(unfinished, folder);
  } catch (error) {
    // Another run may have built the same in the meantime.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Built by hand, Kubernetes takes itself for v0.0.0, and Pod Security for a version of its own. */
function versionFlags(source: string): string {
  const version = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(readFileSync(join(source, 'go.mod'), 'utf8'));
  if (version === null) return '';
  const values = { gitVersion: version[1], gitMajor: version[2], gitMinor: version[3] };
  return Object.entries(values)
    .flatMap(([key, value]) =>
      ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].map((place) => `-X ${place}.${key}=${value}`),
    )
    .join(' ');
}

/** What a program prints. @throws {BinariesError} where it fails. */
export function run(program: string, parameters: readonly string[], cwd = process.cwd()): string {
  const { error, status, stdout, stderr } = spawnSync(program, parameters, { cwd, encoding: 'utf8' });
  if (status === 0) return stdout;
  const reason = error?.message ?? stderr.trim().replaceAll('\n', '; ');
  throw new BinariesError(`${program} ${parameters.join(' ')}: ${reason}`);
}
