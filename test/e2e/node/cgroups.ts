import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../server/client.ts';

/** Makes a cgroup in each hierarchy, below which a kubelet has its pods; what it returns removes it. */
export function makeCgroup(name: string): () => Promise<void> {
  const hierarchies = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, path = '']) => realpathSync(path));
  const folders = [...new Set(hierarchies)].map((path) => join(path, name));
  for (const folder of folders) mkdirSync(folder);
  // A cgroup is busy until the kernel is done with its last process.
  return () => until(() => folders.every((folder) => isRemoved(folder)));
}

function isRemoved(folder: string): boolean {
  if (!existsSync(folder)) return true;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) isRemoved(join(folder, entry.name));
    }
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
