/**
 * seccompProfile: without one, a container may call all of the kernel's system calls; the runtime's default profile
 * leaves out some fifty that containers have no use for and that exploits like.
 *
 * Fields: `spec.securityContext.seccompProfile`; a container's own where another container has decided otherwise.
 *
 * Withheld: Windows and HostProcess pods. A profile in the annotations of old counts as the author's own, since
 * validation refuses a field that contradicts it.
 *
 * Source: k8s.io/kubernetes pkg/apis/core/validation, `validateSeccompAnnotationsAndFields`.
 */
import { againstLinuxField } from '../decisions/fillContainerField.ts';
import { fillSharedField } from '../decisions/fillSharedField.ts';
import type { Rule } from '../decisions/rule.ts';
import type { JsonObject } from '../json/json.ts';
import type { Policy } from '../policy/policy.ts';

const podAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const containerAnnotationPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

export const seccompProfile: Rule = {
  id: 'seccompProfile',
  decide: (subject) => {
    const { annotations } = subject.pod;
    const wanted = subject.policy.pod.seccompProfile ?? subject.policy.container.seccompProfile;
    return fillSharedField(subject, {
      rule: 'seccompProfile',
      againstPod: () => againstLinuxField(subject.pod),
      against: () => undefined,
      decidedElsewhere: (container) =>
        container === undefined
          ? Object.hasOwn(annotations, podAnnotation)
          : asksForAnotherProfile(annotations, container.name, wanted),
    });
  },
};

/** A container that asks by annotation for the very profile may get it as a field as well. */
function asksForAnotherProfile(annotations: JsonObject, container: string, wanted: Profile | undefined): boolean {
  const key = `${containerAnnotationPrefix}${container}`;
  return Object.hasOwn(annotations, key) && !annotationsFor(wanted).includes(annotations[key]);
}

type Profile = NonNullable<Policy['pod']['seccompProfile']>;

/** How annotations say a profile. */
function annotationsFor(profile: Profile | undefined): readonly unknown[] {
  if (profile?.type === 'RuntimeDefault') return ['runtime/default', 'docker/default'];
  return profile?.type === 'Localhost' ? [`localhost/${profile.localhostProfile}`] : [];
}
