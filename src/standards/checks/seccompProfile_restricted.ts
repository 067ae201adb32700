// Rule: a filter of system calls is asked for, because runtimes run without one otherwise. Restricted.
// Fields: securityContext.seccompProfile.type must be RuntimeDefault or Localhost on the pod, or on each container;
//   another type is refused wherever it stands, even on a pod whose containers all say RuntimeDefault.
// Versions: 1.19+, in place of seccompProfile_baseline; 1.25+ Windows pods are exempt.
// Source: k8s.io/pod-security-admission, policy/check_seccompProfile_restricted.go

import { objectField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { exceptOnWindows } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers } from '../wording.ts';
import { refuseOtherTypes } from './seccompProfile_baseline.ts';

export const seccompProfileRestricted: Check = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  overrides: ['seccompProfile_baseline'],
  versions: [
    { minimumMinor: 19, evaluate: refuseOtherTypesAndNone },
    { minimumMinor: 25, evaluate: exceptOnWindows(refuseOtherTypesAndNone) },
  ],
};

function refuseOtherTypesAndNone(pod: Pod): Refusal | undefined {
  return refuseOtherTypes(pod) ?? refuseNone(pod);
}

/** Only for pods without a forbidden type, so that any profile that is set is an allowed one. */
function refuseNone(pod: Pod): Refusal | undefined {
  const without = containersWhere(pod, ({ securityContext }) => !setsProfile(securityContext));
  if (setsProfile(pod.securityContext) || without.length === 0) {
    return undefined;
  }
  return {
    reason: 'seccompProfile',
    detail: `pod or ${namedContainers(without)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}

function setsProfile(securityContext: JsonObject): boolean {
  return objectField(securityContext, 'seccompProfile') !== undefined;
}
