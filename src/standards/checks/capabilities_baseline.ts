// Rule: no capability beyond those that container runtimes grant by default. Baseline.
// Fields: securityContext.capabilities.add of each container may only list those below.
// Versions: 1.0+
// Source: k8s.io/pod-security-admission, policy/check_capabilities_baseline.go

import { objectField, stringItems } from '../../core/json/fields.ts';
import type { Container, Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers, quoted, sortedUnique } from '../wording.ts';

const allowed: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

export const capabilitiesBaseline: Check = {
  id: 'capabilities_baseline',
  level: 'baseline',
  versions: [{ minimumMinor: 0, evaluate: refuseOthersAdded }],
};

function refuseOthersAdded(pod: Pod): Refusal | undefined {
  const containers = containersWhere(pod, (container) => forbiddenAdded(container).length > 0);
  if (containers.length === 0) {
    return undefined;
  }
  const capabilities = sortedUnique(pod.containers.flatMap(forbiddenAdded));
  return {
    reason: 'non-default capabilities',
    detail: `${namedContainers(containers)} must not include ${quoted(capabilities)} in securityContext.capabilities.add`,
  };
}

function forbiddenAdded({ securityContext }: Container): readonly string[] {
  const added = stringItems(objectField(securityContext, 'capabilities'), 'add');
  return added.filter((capability) => !allowed.includes(capability));
}
