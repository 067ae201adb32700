import type { ControlPlane } from '../controlPlane.ts';

/** `/proc/1/status` of a container, by `kubectl exec`; without a name, of the pod's first. */
export function processStatus(
  { kubectl }: ControlPlane,
  namespace: string,
  pod: string,
  container?: string,
): Readonly<Record<string, string>> {
  const where = ['--namespace', namespace, pod, ...(container === undefined ? [] : ['--container', container])];
  const { status, stdout, stderr } = kubectl(['exec', ...where, '--', 'cat', '/proc/1/status']);
  if (status !== 0) throw new Error(stderr);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s+/, 2)),
  );
}

/** What a process has that the restricted standard leaves nothing to. */
export const confined = { CapEff: '0000000000000000', CapBnd: '0000000000000000', NoNewPrivs: '1', Seccomp: '2' };
