import type { FileCapabilities } from './fileTree.ts';

/** By their numbers (Linux 6.12, include/uapi/linux/capability.h). */
const names: readonly string[] = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
];

/** Source: include/uapi/linux/capability.h, `struct vfs_ns_cap_data`: all of it is little-endian. */
const revisions: ReadonlyMap<number, { readonly words: number; readonly bytes: number }> = new Map([
  [0x01000000, { words: 1, bytes: 12 }],
  [0x02000000, { words: 2, bytes: 20 }],
  // With the user namespace's root behind it, to which they then belong.
  [0x03000000, { words: 2, bytes: 24 }],
]);
const effectiveFlag = 0x000001;

/** Reads the attribute security.capability; `undefined` for what the kernel would not take, and for none at all. */
export function readCapabilityAttribute(bytes: Uint8Array): FileCapabilities | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  const revision = revisions.get((magic & 0xff000000) >>> 0);
  if (revision === undefined || bytes.length !== revision.bytes) return undefined;
  const found: string[] = [];
  for (let word = 0; word < revision.words; word += 1) {
    // Only what is permitted is gained; what may be inherited needs somebody to inherit it from.
    const permitted = view.getUint32(4 + word * 8, true);
    for (let bit = 0; bit < 32; bit += 1) {
      if (((permitted >>> bit) & 1) === 1) found.push(names[word * 32 + bit] ?? `CAPABILITY_${word * 32 + bit}`);
    }
  }
  return found.length === 0 ? undefined : { names: found, isEffective: (magic & effectiveFlag) !== 0 };
}
