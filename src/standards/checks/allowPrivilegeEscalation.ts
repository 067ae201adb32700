// Rule: no process may gain more privileges than its parent, as through a set-user-ID file. Restricted.
// Fields: securityContext.allowPrivilegeEscalation of each container must be false.
// Versions: 1.8+ (when the field came); 1.25+ Windows pods are exempt.
// Source: k8s.io/pod-security-admission, policy/check_allowPrivilegeEscalation.go

import { booleanField } from '../../core/json/fields.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { exceptOnWindows } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers } from '../wording.ts';

export const allowPrivilegeEscalation: Check = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  versions: [
    { minimumMinor: 8, evaluate: refuseUnlessFalse },
    { minimumMinor: 25, evaluate: exceptOnWindows(refuseUnlessFalse) },
  ],
};

function refuseUnlessFalse(pod: Pod): Refusal | undefined {
  const containers = containersWhere(
    pod,
    ({ securityContext }) => booleanField(securityContext, 'allowPrivilegeEscalation') !== false,
  );
  if (containers.length === 0) {
    return undefined;
  }
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${namedContainers(containers)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}
