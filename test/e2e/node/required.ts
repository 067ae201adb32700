import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { BinariesError } from '../binaries.ts';

/** Where Debian has its CNI plugins. */
export const cniPlugins = '/usr/lib/cni';

/** A program or a file, and the Debian package that has it. */
const packages: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  buildah: 'buildah',
  mmdebstrap: 'mmdebstrap',
  ip: 'iproute2',
  openssl: 'openssl',
  unshare: 'util-linux',
  [`${cniPlugins}/bridge`]: 'containernetworking-plugins',
};

/** @throws {BinariesError} with the packages to install, where this machine cannot run a node. */
export function requireNode(): void {
  if (process.getuid?.() !== 0) throw new BinariesError('The tests on a node need root: containers, mounts, a bridge.');
  const missing = Object.entries(packages)
    .filter(([name]) => !isThere(name))
    .map(([, debianPackage]) => debianPackage);
  if (missing.length === 0) return;
  throw new BinariesError(
    `The tests on a node need more programs: apt-get install --no-install-recommends ${[...new Set(missing)].join(' ')}`,
  );
}

function isThere(name: string): boolean {
  return name.startsWith('/') ? existsSync(name) : spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}
