// Rule: the SELinux type is one meant for containers, and user and role are the runtime's. Baseline.
// Fields: securityContext.seLinuxOptions of the pod and of each container: type must be unset, empty or one of those
//   below; user and role must be unset or empty.
// Versions: 1.0+; 1.31+ allows container_engine_t.
// Source: k8s.io/pod-security-admission, policy/check_seLinuxOptions.go

import { objectField, stringField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Evaluate, Refusal } from '../check.ts';
import { containersWhere } from '../pod.ts';
import { plural, quoted, setters, sortedUnique } from '../wording.ts';

const typesSince0 = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const typesSince31 = [...typesSince0, 'container_engine_t'];

export const seLinuxOptions: Check = {
  id: 'seLinuxOptions',
  level: 'baseline',
  versions: [
    { minimumMinor: 0, evaluate: refuseTypesBeyond(typesSince0) },
    { minimumMinor: 31, evaluate: refuseTypesBeyond(typesSince31) },
  ],
};

interface ForbiddenOptions {
  readonly type: string | undefined;
  readonly user: boolean;
  readonly role: boolean;
}

function refuseTypesBeyond(allowedTypes: readonly string[]): Evaluate {
  return (pod: Pod): Refusal | undefined => {
    const ofPod = forbiddenOptions(pod.securityContext, allowedTypes);
    const containers = containersWhere(
      pod,
      ({ securityContext }) => forbiddenOptions(securityContext, allowedTypes) !== undefined,
    );
    const forbidden = [pod, ...pod.containers]
      .map(({ securityContext }) => forbiddenOptions(securityContext, allowedTypes))
      .filter((options) => options !== undefined);
    if (forbidden.length === 0) {
      return undefined;
    }
    return {
      reason: 'seLinuxOptions',
      detail: `${setters(ofPod !== undefined, containers).join(' and ')} set forbidden securityContext.seLinuxOptions: ${whatIsForbidden(forbidden)}`,
    };
  };
}

function forbiddenOptions(securityContext: JsonObject, allowedTypes: readonly string[]): ForbiddenOptions | undefined {
  const options = objectField(securityContext, 'seLinuxOptions');
  const type = stringField(options, 'type') ?? '';
  const user = (stringField(options, 'user') ?? '') !== '';
  const role = (stringField(options, 'role') ?? '') !== '';
  const typeIsAllowed = allowedTypes.includes(type);
  return typeIsAllowed && !user && !role ? undefined : { type: typeIsAllowed ? undefined : type, user, role };
}

function whatIsForbidden(forbidden: readonly ForbiddenOptions[]): string {
  const types = sortedUnique(forbidden.map(({ type }) => type).filter((type) => type !== undefined));
  return [
    ...(types.length > 0 ? [`${plural(types.length, 'type', 'types')} ${quoted(types)}`] : []),
    ...(forbidden.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(forbidden.some(({ role }) => role) ? ['role may not be set'] : []),
  ].join('; ');
}
