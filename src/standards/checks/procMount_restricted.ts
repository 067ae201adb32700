// Rule: the runtime's masking of /proc stays on, in a user namespace too. Restricted.
// Fields: securityContext.procMount of each container must be Default or unset.
// Versions: 1.35+, in place of procMount, which has made an exception for spec.hostUsers: false since then.
// Source: k8s.io/pod-security-admission, policy/check_procMount_restricted.go

import type { Check } from '../check.ts';
import { refuseUnlessDefault } from './procMount.ts';

export const procMountRestricted: Check = {
  id: 'procMount_restricted',
  level: 'restricted',
  overrides: ['procMount'],
  versions: [{ minimumMinor: 35, evaluate: refuseUnlessDefault }],
};
