// Rule: the filter of system calls may be replaced by another of the node's, never switched off. Baseline.
// Fields: securityContext.seccompProfile.type of the pod and of each container must be RuntimeDefault or Localhost where
//   a profile is set. Before there was a field: annotations seccomp.security.alpha.kubernetes.io/pod and
//   container.seccomp.security.alpha.kubernetes.io/<container> must be runtime/default, docker/default or localhost/*.
// Versions: 1.0+ the annotations; 1.19+ the field alone.
// Source: k8s.io/pod-security-admission, policy/check_seccompProfile_baseline.go

import { objectField, stringField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { annotationsOf, containersWhere } from '../pod.ts';
import { goLiteral, plural, quoted, setters, sortedUnique } from '../wording.ts';

const podAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const containerAnnotationPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

export const seccompProfileBaseline: Check = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  versions: [
    { minimumMinor: 0, evaluate: refuseOtherAnnotations },
    { minimumMinor: 19, evaluate: refuseOtherTypes },
  ],
};

function refuseOtherAnnotations(pod: Pod): Refusal | undefined {
  const keys = new Set([podAnnotation, ...pod.containers.map(({ name }) => `${containerAnnotationPrefix}${name}`)]);
  const forbidden = annotationsOf(pod)
    .filter(([key, value]) => keys.has(key) && !isAllowedAnnotation(value))
    .map(([key, value]) => `${key}=${goLiteral(value)}`);
  if (forbidden.length === 0) {
    return undefined;
  }
  const noun = plural(forbidden.length, 'annotation', 'annotations');
  return { reason: 'seccompProfile', detail: `forbidden ${noun} ${sortedUnique(forbidden).join(', ')}` };
}

/** The rule on fields; seccompProfile_restricted adds to it. */
export function refuseOtherTypes(pod: Pod): Refusal | undefined {
  const ofPod = forbiddenType(pod.securityContext);
  const setting = setters(
    ofPod !== undefined,
    containersWhere(pod, ({ securityContext }) => forbiddenType(securityContext) !== undefined),
  );
  if (setting.length === 0) {
    return undefined;
  }
  const types = [ofPod, ...pod.containers.map(({ securityContext }) => forbiddenType(securityContext))];
  const values = quoted(sortedUnique(types.filter((type) => type !== undefined)));
  return {
    reason: 'seccompProfile',
    detail: `${setting.join(' and ')} must not set securityContext.seccompProfile.type to ${values}`,
  };
}

/** The type of a profile that is set and not allowed; a profile without a type is one with an empty type. */
function forbiddenType(securityContext: JsonObject): string | undefined {
  const profile = objectField(securityContext, 'seccompProfile');
  if (profile === undefined) {
    return undefined;
  }
  const type = stringField(profile, 'type') ?? '';
  return type === 'RuntimeDefault' || type === 'Localhost' ? undefined : type;
}

function isAllowedAnnotation(value: string): boolean {
  return value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
}
