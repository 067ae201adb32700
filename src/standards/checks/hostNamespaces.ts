// Rule: a pod does not share the node's network, process or IPC namespace. Baseline.
// Fields: spec.hostNetwork, spec.hostPID and spec.hostIPC must be false or unset.
// Versions: 1.0+
// Source: k8s.io/pod-security-admission, policy/check_hostNamespaces.go

import { booleanField } from '../../core/json/fields.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';

const namespaces = ['hostNetwork', 'hostPID', 'hostIPC'];

export const hostNamespaces: Check = {
  id: 'hostNamespaces',
  level: 'baseline',
  versions: [{ minimumMinor: 0, evaluate: refuseSharing }],
};

function refuseSharing(pod: Pod): Refusal | undefined {
  const shared = namespaces.filter((field) => booleanField(pod.spec, field) === true);
  if (shared.length === 0) {
    return undefined;
  }
  return { reason: 'host namespaces', detail: shared.map((field) => `${field}=true`).join(', ') };
}
