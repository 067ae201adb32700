// Rule: no container is privileged, which would switch off most of what isolates it. Baseline.
// Fields: securityContext.privileged of each container must be false or unset.
// Versions: 1.0+
// Source: k8s.io/pod-security-admission, policy/check_privileged.go

import { booleanField } from '../../core/json/fields.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers } from '../wording.ts';

export const privileged: Check = {
  id: 'privileged',
  level: 'baseline',
  versions: [{ minimumMinor: 0, evaluate: refusePrivileged }],
};

function refusePrivileged(pod: Pod): Refusal | undefined {
  const containers = containersWhere(
    pod,
    ({ securityContext }) => booleanField(securityContext, 'privileged') === true,
  );
  if (containers.length === 0) {
    return undefined;
  }
  return {
    reason: 'privileged',
    detail: `${namedContainers(containers)} must not set securityContext.privileged=true`,
  };
}
