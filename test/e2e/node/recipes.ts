import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../install/install.ts';
import { run } from '../binaries.ts';

/** How an image is made without a registry. */
export interface Recipe {
  /** For its file. */
  readonly name: string;
  /** What it is called where images are built, and on the node. */
  readonly reference: string;
  readonly from?: Recipe;
  readonly containerfile: string;
  /** What the image is made of: files, folders, and words for what has no file of its own. */
  readonly inputs: readonly string[];
  /** Fills a folder with what the image is made of, or names one that has it. */
  readonly prepare: (folder: string) => string;
  /** What the commands of its build see besides. */
  readonly volumes?: () => readonly string[];
}

const images = join(import.meta.dirname, 'images');
const containerfile = (name: string): string => join(images, name, 'Containerfile');

/** What is in the folder of that name, on Debian with some packages. */
function onDebian(name: string, reference: string, debianPackages: string): Recipe {
  return {
    name,
    reference,
    containerfile: containerfile(name),
    inputs: [join(images, name), debianPackages],
    prepare: (folder) => {
      cpSync(join(images, name), folder, { recursive: true });
      const nobodyReads = ['doc', 'locale', 'man'].map((path) => `--dpkgopt=path-exclude=/usr/share/${path}/*`);
      const what = ['--variant=essential', '--mode=root', `--include=${debianPackages}`, ...nobodyReads];
      run('mmdebstrap', [...what, 'bookworm', join(folder, 'rootfs.tar')]);
      return folder;
    },
  };
}

const base = onDebian('base', 'localhost/base:latest', 'libstdc++6');

const node: Recipe = {
  name: 'node',
  reference: 'docker.io/library/node:24-bookworm-slim',
  from: base,
  containerfile: containerfile('node'),
  inputs: [join(images, 'node'), process.version],
  prepare: (folder) => {
    const local = join(folder, 'usr/local');
    const npm = 'lib/node_modules/npm';
    mkdirSync(join(local, 'bin'), { recursive: true });
    cpSync(process.execPath, join(local, 'bin/node'));
    cpSync(join(run('npm', ['root', '--global']).trim(), 'npm'), join(local, npm), { recursive: true });
    symlinkSync(`../${npm}/bin/npm-cli.js`, join(local, 'bin/npm'));
    return folder;
  },
};

/** What `.dockerignore` lets in. */
const shipped = [...readFileSync(join(repository, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm)].map(
  ([, path = '']) => join(repository, path),
);

/** The project's own, by its Dockerfile. Its packages come from npm's cache, where `make` has put them. */
const kubeHarden: Recipe = {
  name: 'kube-harden',
  reference: 'registry.test/kube-harden:e2e',
  from: node,
  containerfile: join(repository, 'Dockerfile'),
  inputs: [...shipped, join(repository, 'Dockerfile')],
  prepare: () => repository,
  volumes: () => [
    `${join(images, 'kube-harden/npmrc')}:/root/.npmrc:ro`,
    `${run('npm', ['config', 'get', 'cache']).trim()}:/root/.npm:O`,
  ],
};

const pause: Recipe = {
  name: 'pause',
  reference: 'registry.test/pause:e2e',
  from: base,
  containerfile: containerfile('pause'),
  inputs: [join(images, 'pause')],
  prepare: () => join(images, 'pause'),
};

/** The images that a node needs. */
export const onNode: readonly Recipe[] = [
  pause,
  kubeHarden,
  onDebian('nginx', 'docker.io/library/nginx:e2e', 'nginx-light'),
  onDebian('redis', 'docker.io/library/redis:e2e', 'redis-server'),
];

/** What the tests call the images by. */
export const imageNames = {
  pause: pause.reference,
  kubeHarden: kubeHarden.reference,
  nginx: 'nginx:e2e',
  redis: 'redis:e2e',
};
