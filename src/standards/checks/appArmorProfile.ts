// Rule: the runtime's AppArmor profile may be replaced by another of the node's, never disabled. Baseline.
// Fields: securityContext.appArmorProfile.type of the pod and of each container must be RuntimeDefault or Localhost
//   where a profile is set; annotations container.apparmor.security.beta.kubernetes.io/* must be empty, runtime/default
//   or localhost/*.
// Versions: 1.0+
// Source: k8s.io/pod-security-admission, policy/check_appArmorProfile.go

import { objectField, stringField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { annotationsOf, containersWhere } from '../pod.ts';
import { goLiteral, plural, quoted, setters, sortedUnique } from '../wording.ts';

const annotationPrefix = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmorProfile: Check = {
  id: 'appArmorProfile',
  level: 'baseline',
  versions: [{ minimumMinor: 0, evaluate: refuseOtherProfiles }],
};

function refuseOtherProfiles(pod: Pod): Refusal | undefined {
  const podType = forbiddenType(pod.securityContext);
  const containers = containersWhere(pod, ({ securityContext }) => forbiddenType(securityContext) !== undefined);
  const types = [podType, ...pod.containers.map(({ securityContext }) => forbiddenType(securityContext))];
  const annotations = annotationsOf(pod)
    .filter(([key, value]) => key.startsWith(annotationPrefix) && !isAllowedAnnotation(value))
    .map(([key, value]) => `${key}=${goLiteral(value)}`);

  const values = [...sortedUnique(types.filter((type) => type !== undefined)), ...sortedUnique(annotations)];
  if (values.length === 0) {
    return undefined;
  }
  const sources = [
    ...setters(podType !== undefined, containers),
    ...(annotations.length > 0 ? [plural(annotations.length, 'annotation', 'annotations')] : []),
  ];
  return {
    reason: plural(values.length, 'forbidden AppArmor profile', 'forbidden AppArmor profiles'),
    detail: `${sources.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

/** The type of a profile that is set and not allowed; a profile without a type is one with an empty type. */
function forbiddenType(securityContext: JsonObject): string | undefined {
  const profile = objectField(securityContext, 'appArmorProfile');
  if (profile === undefined) {
    return undefined;
  }
  const type = stringField(profile, 'type') ?? '';
  return type === 'RuntimeDefault' || type === 'Localhost' ? undefined : type;
}

function isAllowedAnnotation(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}
