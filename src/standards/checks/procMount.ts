// Rule: the runtime's masking of /proc stays on. Baseline.
// Fields: securityContext.procMount of each container must be Default or unset.
// Versions: 1.0+; 1.35+ anything goes where spec.hostUsers is false.
// Source: k8s.io/pod-security-admission, policy/check_procMount_baseline.go

import { stringField } from '../../core/json/fields.ts';
import type { Container, Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { exceptInUserNamespace } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers, quoted, sortedUnique } from '../wording.ts';

export const procMount: Check = {
  id: 'procMount',
  level: 'baseline',
  versions: [
    { minimumMinor: 0, evaluate: refuseUnlessDefault },
    { minimumMinor: 35, evaluate: exceptInUserNamespace(refuseUnlessDefault) },
  ],
};

/** The rule without its exception; procMount_restricted keeps it. */
export function refuseUnlessDefault(pod: Pod): Refusal | undefined {
  const containers = containersWhere(pod, (container) => forbiddenProcMount(container) !== undefined);
  if (containers.length === 0) {
    return undefined;
  }
  const values = sortedUnique(pod.containers.map(forbiddenProcMount).filter((value) => value !== undefined));
  return {
    reason: 'procMount',
    detail: `${namedContainers(containers)} must not set securityContext.procMount to ${quoted(values)}`,
  };
}

function forbiddenProcMount({ securityContext }: Container): string | undefined {
  const value = stringField(securityContext, 'procMount');
  return value === 'Default' ? undefined : value;
}
