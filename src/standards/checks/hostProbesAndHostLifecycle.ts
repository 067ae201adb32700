// Rule: probes and lifecycle handlers reach their own pod only, so that the kubelet is not made to call others. Baseline.
// Fields: httpGet.host and tcpSocket.host of livenessProbe, readinessProbe, startupProbe, lifecycle.postStart and
//   lifecycle.preStop of each container must be empty or unset.
// Versions: 1.34+
// Source: k8s.io/pod-security-admission, policy/check_hostProbesAndhostLifecycle.go

import { objectField, stringField } from '../../core/json/fields.ts';
import type { Container, Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { namedContainers, plural, quoted, sortedUnique } from '../wording.ts';

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const lifecycleHandlers = ['postStart', 'preStop'];
const actionsWithHost = ['httpGet', 'tcpSocket'];

export const hostProbesAndHostLifecycle: Check = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  versions: [{ minimumMinor: 34, evaluate: refuseHosts }],
};

function refuseHosts(pod: Pod): Refusal | undefined {
  const containers = sortedUnique(containersWhere(pod, (container) => hostsOf(container).length > 0));
  if (containers.length === 0) {
    return undefined;
  }
  const hosts = sortedUnique(pod.containers.flatMap(hostsOf));
  const verb = plural(containers.length, 'uses', 'use');
  const noun = plural(hosts.length, 'probe or lifecycle host', 'probe or lifecycle hosts');
  return {
    reason: 'probe or lifecycle host',
    detail: `${namedContainers(containers)} ${verb} ${noun} ${quoted(hosts)}`,
  };
}

function hostsOf({ fields }: Container): readonly string[] {
  const lifecycle = objectField(fields, 'lifecycle');
  const handlers = [
    ...probes.map((probe) => objectField(fields, probe)),
    ...lifecycleHandlers.map((handler) => objectField(lifecycle, handler)),
  ];
  return handlers
    .flatMap((handler) => actionsWithHost.map((action) => stringField(objectField(handler, action), 'host') ?? ''))
    .filter((host) => host !== '');
}
