/** The longest name of a volume: a DNS-1123 label. */
const longestName = 63;

/** What the names of kube-harden's own volumes begin with. */
const ownVolumePrefix = 'kube-harden-';

/** The names of a pod's volumes. */
export interface TakenNames {
  readonly names: Set<unknown>;
  /** By the name without a number, the next number to try: whoever takes thousands is searched through once. */
  readonly numbers: Map<string, number>;
}

/** Of volumes that are there before any is added. */
export function takeNames(names: Iterable<unknown>): TakenNames {
  return { names: new Set(names), numbers: new Map() };
}

/**
 * Names the emptyDir for a container's path, the same in every call, and takes the name:
 * `kube-harden-var-cache-nginx-1f2e3d4c`. The hash tells containers and like-looking paths apart; a name that is taken
 * all the same gets a number.
 */
export function nameVolume(container: string, path: string, taken: TakenNames): string {
  const hash = fnv1a(`${container}:${path}`).toString(16).padStart(8, '0');
  // A path may be long, and of its words no more than a name's length is used.
  const words = path
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, longestName);
  const first = putTogether(words, hash, 1);
  let number = taken.numbers.get(first) ?? 1;
  let name = putTogether(words, hash, number);
  while (taken.names.has(name)) {
    number += 1;
    name = putTogether(words, hash, number);
  }
  taken.names.add(name);
  taken.numbers.set(first, number + 1);
  return name;
}

function putTogether(words: string, hash: string, number: number): string {
  const ending = number === 1 ? `-${hash}` : `-${hash}-${number}`;
  const cut = words.slice(0, longestName - ownVolumePrefix.length - ending.length).replace(/-$/, '');
  return cut === '' ? `${ownVolumePrefix}${ending.slice(1)}` : `${ownVolumePrefix}${cut}${ending}`;
}

/** FNV-1a, 32 bits, over UTF-16 code units: the core has no cryptography, and needs none to tell names apart. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let position = 0; position < text.length; position += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193);
  }
  return hash >>> 0;
}
