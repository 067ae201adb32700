import { run } from '../binaries.ts';
import type { Undo } from './undo.ts';

/** A bridge that only this machine and the pods on it reach; nothing is routed. */
export interface Bridge {
  readonly name: string;
  /** The machine's own on it. */
  readonly address: string;
  readonly subnet: string;
  /** The part of the subnet for Services; its first address, which the API server's Service gets, is the machine's. */
  readonly services: string;
  readonly firstPod: string;
}

/** One that is given out locally and means a single machine: IEEE 802, the second bit set and the first not. */
const hardwareAddress = '02:00:00:00:00:01';

/** Makes a bridge. */
export function makeBridge(undo: Undo): Bridge {
  const name = `kh-${process.pid}`;
  const network = `10.213.${process.pid % 256}`;
  // Without an address of its own it takes the lowest of its pods'. When that pod goes, the others still send to the old
  // one, and nothing of theirs arrives for seconds.
  run('ip', ['link', 'add', name, 'address', hardwareAddress, 'type', 'bridge']);
  undo.add(() => void run('ip', ['link', 'delete', name]));
  run('ip', ['address', 'add', `${network}.1/24`, 'dev', name]);
  run('ip', ['link', 'set', name, 'up']);
  return {
    name,
    address: `${network}.1`,
    subnet: `${network}.0/24`,
    services: `${network}.0/27`,
    firstPod: `${network}.32`,
  };
}
