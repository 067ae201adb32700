// Rule: every capability is dropped, and only NET_BIND_SERVICE may be added back. Restricted.
// Fields: securityContext.capabilities.drop of each container must list exactly "ALL", in capitals;
//   securityContext.capabilities.add may only list NET_BIND_SERVICE.
// Versions: 1.22+, in place of capabilities_baseline; 1.25+ Windows pods are exempt.
// Source: k8s.io/pod-security-admission, policy/check_capabilities_restricted.go

import { objectField, stringItems } from '../../core/json/fields.ts';
import type { Container, Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { exceptOnWindows } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers, quoted, sortedUnique } from '../wording.ts';

export const capabilitiesRestricted: Check = {
  id: 'capabilities_restricted',
  level: 'restricted',
  overrides: ['capabilities_baseline'],
  versions: [
    { minimumMinor: 22, evaluate: refuseUnlessAllDropped },
    { minimumMinor: 25, evaluate: exceptOnWindows(refuseUnlessAllDropped) },
  ],
};

function refuseUnlessAllDropped(pod: Pod): Refusal | undefined {
  const notDropping = containersWhere(pod, (container) => !dropsAll(container));
  const adding = containersWhere(pod, (container) => forbiddenAdded(container).length > 0);
  const details: string[] = [];
  if (notDropping.length > 0) {
    details.push(`${namedContainers(notDropping)} must set securityContext.capabilities.drop=["ALL"]`);
  }
  if (adding.length > 0) {
    const capabilities = quoted(sortedUnique(pod.containers.flatMap(forbiddenAdded)));
    details.push(`${namedContainers(adding)} must not include ${capabilities} in securityContext.capabilities.add`);
  }
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

function dropsAll({ securityContext }: Container): boolean {
  return stringItems(objectField(securityContext, 'capabilities'), 'drop').includes('ALL');
}

function forbiddenAdded({ securityContext }: Container): readonly string[] {
  const added = stringItems(objectField(securityContext, 'capabilities'), 'add');
  return added.filter((capability) => capability !== 'NET_BIND_SERVICE');
}
