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

/** Makes a bridge. */
export function makeBridge(undo: Undo): Bridge {
  const name = `kh-${process.pid}`;
  const network = `10.213.${process.pid % 256}`;
  run('ip', ['link', 'add', name, 'type', 'bridge']);
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
