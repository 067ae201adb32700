// Rule: no container takes a port of the node. Baseline.
// Fields: ports[*].hostPort of each container must be 0 or unset.
// Versions: 1.0+
// Source: k8s.io/pod-security-admission, policy/check_hostPorts.go

import { integerField, objectItems } from '../../core/json/fields.ts';
import type { Container, Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers, plural, sortedUnique } from '../wording.ts';

export const hostPorts: Check = {
  id: 'hostPorts',
  level: 'baseline',
  versions: [{ minimumMinor: 0, evaluate: refuseHostPorts }],
};

function refuseHostPorts(pod: Pod): Refusal | undefined {
  const containers = containersWhere(pod, (container) => takenPorts(container).length > 0);
  if (containers.length === 0) {
    return undefined;
  }
  const ports = sortedUnique(pod.containers.flatMap(takenPorts));
  const verb = plural(containers.length, 'uses', 'use');
  const noun = plural(ports.length, 'hostPort', 'hostPorts');
  return { reason: 'hostPort', detail: `${namedContainers(containers)} ${verb} ${noun} ${ports.join(', ')}` };
}

/** The ports as text, because messages list them in the order of text. */
function takenPorts({ fields }: Container): readonly string[] {
  return objectItems(fields, 'ports')
    .map((port) => integerField(port, 'hostPort') ?? 0)
    .filter((hostPort) => hostPort !== 0)
    .map(String);
}
