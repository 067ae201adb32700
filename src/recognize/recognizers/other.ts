/**
 * other: what hardening takes away for good reason, and no writable path and no user gives back: control groups, raw
 * sockets, the network's settings, the kernel's.
 */
import { hasAny } from '../line.ts';
import type { Recognizer } from '../recognizer.ts';

const refused = ['operation not permitted', 'permission denied', 'read-only file', 'eperm', 'you must be root'];
const kinds: readonly (readonly [capability: string | null, words: readonly string[]])[] = [
  [null, ['control group', 'cgroup']],
  ['NET_RAW', ['raw socket', 'sock_raw', 'ping: ', 'icmp']],
  [
    'NET_ADMIN',
    ['iptables', 'nftables', 'nft ', 'netlink', 'rtnetlink', 'ip link', 'tun/tap', '/dev/net/tun', 'sysctl'],
  ],
  ['IPC_LOCK', ['mlock', 'lock memory']],
  ['SYS_PTRACE', ['ptrace']],
  ['SYS_NICE', ['setpriority', 'sched_setscheduler', 'renice', 'mbind', 'set_mempolicy']],
  ['SYS_ADMIN', ['unshare', 'mount(', 'mount: ', 'clone3', 'setns', 'bpf']],
];

export const other: Recognizer = (line) => {
  if (!hasAny(line, refused)) return undefined;
  const kind = kinds.find(([, words]) => hasAny(line, words));
  return kind === undefined ? undefined : { cause: 'other', path: null, capability: kind[0] };
};
