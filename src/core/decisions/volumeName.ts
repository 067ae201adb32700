/** The longest name of a volume: a DNS-1123 label. */
const longestName = 63;

/** What the names of kube-harden's own volumes begin with. */
export const ownVolumePrefix = 'kube-harden-';

/**
 * Names the emptyDir for a container's path, the same in every call: `kube-harden-var-cache-nginx-1f2e3d4c`. The hash
 * tells containers and like-looking paths apart; a name that is taken all the same gets a number.
 */
export function nameVolume(container: string, path: string, taken: ReadonlySet<unknown>): string {
  const hash = fnv1a(`${container}:${path}`).toString(16).padStart(8, '0');
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? `-${hash}` : `-${hash}-${number}`;
    const words = path
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, longestName - ownVolumePrefix.length - ending.length)
      .replace(/-$/, '');
    const name = words === '' ? `${ownVolumePrefix}${ending.slice(1)}` : `${ownVolumePrefix}${words}${ending}`;
    if (!taken.has(name)) return name;
  }
}

/** FNV-1a, 32 bits, over UTF-16 code units: the core has no cryptography, and needs none to tell names apart. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let position = 0; position < text.length; position += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193);
  }
  return hash >>> 0;
}
