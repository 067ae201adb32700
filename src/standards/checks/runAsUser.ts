// Rule: nothing asks for root by its number. Restricted.
// Fields: securityContext.runAsUser of the pod and of each container must not be 0.
// Versions: 1.23+; 1.35+ anything goes where spec.hostUsers is false.
// Source: k8s.io/pod-security-admission, policy/check_runAsUser.go

import { integerField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { exceptInUserNamespace } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { setters } from '../wording.ts';

export const runAsUser: Check = {
  id: 'runAsUser',
  level: 'restricted',
  versions: [
    { minimumMinor: 23, evaluate: refuseRoot },
    { minimumMinor: 35, evaluate: exceptInUserNamespace(refuseRoot) },
  ],
};

function refuseRoot(pod: Pod): Refusal | undefined {
  const asking = setters(
    asksForRoot(pod.securityContext),
    containersWhere(pod, ({ securityContext }) => asksForRoot(securityContext)),
  );
  if (asking.length === 0) {
    return undefined;
  }
  return { reason: 'runAsUser=0', detail: `${asking.join(' and ')} must not set runAsUser=0` };
}

function asksForRoot(securityContext: JsonObject): boolean {
  return integerField(securityContext, 'runAsUser') === 0;
}
