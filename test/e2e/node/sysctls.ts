import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** What a kubelet sets for the whole machine, whatever namespaces it runs in. */
const names = [
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxbytes',
  'kernel/keys/root_maxkeys',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
];

/** Reads them; what it returns sets them to what they were. */
export function keepSysctls(): () => void {
  const kept = names
    .map((name) => `/proc/sys/${name}`)
    .filter((file) => existsSync(file))
    .map((file) => ({ file, value: readFileSync(file, 'utf8') }));
  return () => {
    for (const { file, value } of kept) if (readFileSync(file, 'utf8') !== value) writeFileSync(file, value);
  };
}
