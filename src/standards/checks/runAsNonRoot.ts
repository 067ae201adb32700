// Rule: containers are required to run as another user than root. Restricted.
// Fields: securityContext.runAsNonRoot must be true on the pod, or on each container; false is refused wherever it
//   stands, even on a pod whose containers all say true.
// Versions: 1.0+; 1.35+ anything goes where spec.hostUsers is false.
// Source: k8s.io/pod-security-admission, policy/check_runAsNonRoot.go

import { booleanField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { exceptInUserNamespace } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers, setters } from '../wording.ts';

export const runAsNonRoot: Check = {
  id: 'runAsNonRoot',
  level: 'restricted',
  versions: [
    { minimumMinor: 0, evaluate: refuseRoot },
    { minimumMinor: 35, evaluate: exceptInUserNamespace(refuseRoot) },
  ],
};

function refuseRoot(pod: Pod): Refusal | undefined {
  const reason = 'runAsNonRoot != true';
  const podRequires = requiresNonRoot(pod.securityContext);

  const allowing = setters(
    podRequires === false,
    containersWhere(pod, ({ securityContext }) => requiresNonRoot(securityContext) === false),
  );
  if (allowing.length > 0) {
    return { reason, detail: `${allowing.join(' and ')} must not set securityContext.runAsNonRoot=false` };
  }

  const silent = containersWhere(pod, ({ securityContext }) => requiresNonRoot(securityContext) === undefined);
  if (podRequires || silent.length === 0) {
    return undefined;
  }
  return { reason, detail: `pod or ${namedContainers(silent)} must set securityContext.runAsNonRoot=true` };
}

function requiresNonRoot(securityContext: JsonObject): boolean | undefined {
  return booleanField(securityContext, 'runAsNonRoot');
}
