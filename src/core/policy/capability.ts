/** What a runtime takes for all that it knows (containerd, `WithCapabilities`; CRI-O the same). */
const all = 'ALL';

/** Source: Linux 6.12, include/uapi/linux/capability.h, CAP_CHOWN (0) to CAP_CHECKPOINT_RESTORE (40). */
const linuxCapabilities: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
];

const known: ReadonlySet<string> = new Set([all, ...linuxCapabilities]);

/** Why a name is no capability that a runtime would drop, as words for people; `undefined` for a good one. */
export function capabilityProblem(name: string): string | undefined {
  if (known.has(name)) return undefined;
  const bare = name.replace(/^CAP_/, '');
  if (known.has(bare)) return `has a "CAP_", which runtimes put before it: write ${JSON.stringify(bare)}`;
  const letters = bare.replaceAll('_', '');
  const close = linuxCapabilities.find((capability) => {
    const candidate = capability.replaceAll('_', '');
    return candidate === letters || (letters.length > 3 && candidate.startsWith(letters));
  });
  const advice = close === undefined ? 'capabilities(7) lists them' : `write ${JSON.stringify(close)}`;
  return `is no capability of Linux, ${JSON.stringify(name)}: ${advice}`;
}
