/**
 * seccompProfile: without one, a container may call all of the kernel's system calls; the runtime's default profile
 * leaves out some fifty that containers have no use for and that exploits like.
 *
 * Fields: `spec.securityContext.seccompProfile`; a container's own where another container has decided otherwise.
 *
 * Withheld: Windows and HostProcess pods, and beside an annotation of old at the same scope that says another profile,
 * where validation refuses the pod. No kubelet since 1.27 reads those annotations, so by themselves they are no setting.
 *
 * Source: k8s.io/kubernetes pkg/apis/core/validation, `validateSeccompAnnotationsAndFields`.
 */
import type { Objection } from '../decisions/fillContainerField.ts';
import { againstLinuxField } from '../decisions/fillContainerField.ts';
import { fillSharedField } from '../decisions/fillSharedField.ts';
import type { Rule } from '../decisions/rule.ts';
import type { JsonObject } from '../json/json.ts';
import type { Policy } from '../policy/policy.ts';

/*
 * What kube-apiserver 1.34 and 1.37 alike say of the field RuntimeDefault beside them: test/e2e/seccompAnnotations.e2e.ts.
 *
 *                     the pod's annotation and              the container's annotation and
 *                     its field      a container's field    the pod's field     its field
 *   runtime/default   taken          taken                  taken               taken
 *   docker/default    taken          taken                  taken               taken
 *   unconfined        refused        taken                  taken               refused
 *   localhost/x       refused        taken                  taken               refused
 *   anything else     refused, whatever the field
 */
const podAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const containerAnnotationPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

/** What an author wrote may be long; a warning may not. */
const mostQuoted = 40;

export const seccompProfile: Rule = {
  id: 'seccompProfile',
  decide: (subject) => {
    const { pod, policy, podLevelIsOpen } = subject;
    const atPod = policy.pod.seccompProfile;
    const wanted = atPod ?? policy.container.seccompProfile;
    // Once a pod is there, nobody holds its annotations against its fields any more.
    const against = (key: string): Objection | undefined =>
      podLevelIsOpen ? contradiction(pod.annotations, key, wanted) : undefined;
    return fillSharedField(subject, {
      rule: 'seccompProfile',
      againstPod: () => againstLinuxField(pod) ?? (atPod === undefined ? undefined : against(podAnnotation)),
      against: () => undefined,
      againstOwn: ({ name }) => against(`${containerAnnotationPrefix}${name}`),
    });
  },
};

type Profile = NonNullable<Policy['pod']['seccompProfile']>;

function contradiction(annotations: JsonObject, key: string, wanted: Profile | undefined): Objection | undefined {
  if (!Object.hasOwn(annotations, key) || annotations[key] === null) return undefined;
  return annotationsFor(wanted).includes(annotations[key])
    ? undefined
    : { reason: 'contradictsAnnotation', detail: String(annotations[key]).slice(0, mostQuoted) };
}

/** How annotations say a profile. */
function annotationsFor(profile: Profile | undefined): readonly unknown[] {
  if (profile?.type === 'RuntimeDefault') return ['runtime/default', 'docker/default'];
  return profile?.type === 'Localhost' ? [`localhost/${profile.localhostProfile}`] : [];
}
