// Rule: no Windows container runs as a process of the node. Baseline.
// Fields: securityContext.windowsOptions.hostProcess of the pod and of each container must be false or unset.
// Versions: 1.0+
// Source: k8s.io/pod-security-admission, policy/check_windowsHostProcess.go

import { booleanField, objectField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { setters } from '../wording.ts';

export const windowsHostProcess: Check = {
  id: 'windowsHostProcess',
  level: 'baseline',
  versions: [{ minimumMinor: 0, evaluate: refuseHostProcess }],
};

function refuseHostProcess(pod: Pod): Refusal | undefined {
  const setting = setters(
    isHostProcess(pod.securityContext),
    containersWhere(pod, ({ securityContext }) => isHostProcess(securityContext)),
  );
  if (setting.length === 0) {
    return undefined;
  }
  return {
    reason: 'hostProcess',
    detail: `${setting.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`,
  };
}

function isHostProcess(securityContext: JsonObject): boolean {
  return booleanField(objectField(securityContext, 'windowsOptions'), 'hostProcess') === true;
}
