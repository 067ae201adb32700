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
import { againstLinuxField } from '../fillContainerField.ts';
import { fillSharedField } from '../fillSharedField.ts';
import type { JsonObject } from '../json.ts';
import type { Rule } from '../rule.ts';

const podAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const containerAnnotationPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

/** The annotation's ways to say RuntimeDefault. */
const runtimeDefaults: readonly unknown[] = ['runtime/default', 'docker/default'];

export const seccompProfile: Rule = {
  id: 'seccompProfile',
  decide: (subject) => {
    const { annotations } = subject.pod;
    return fillSharedField(subject, {
      rule: 'seccompProfile',
      againstPod: () => againstLinuxField(subject.pod),
      against: () => undefined,
      decidedElsewhere: (container) =>
        container === undefined
          ? Object.hasOwn(annotations, podAnnotation)
          : asksForAnotherProfile(annotations, container.name),
    });
  },
};

/** A container that asks for the runtime's default by annotation may inherit it from the pod as a field as well. */
function asksForAnotherProfile(annotations: JsonObject, container: string): boolean {
  const key = `${containerAnnotationPrefix}${container}`;
  return Object.hasOwn(annotations, key) && !runtimeDefaults.includes(annotations[key]);
}
