/**
 * readOnlyRootFilesystem: an intruder who cannot write to the image's files cannot leave a tool there or change a
 * program. What a container has to write goes to volumes; `writablePaths` mounts those that are declared.
 *
 * Fields: each container's `securityContext.readOnlyRootFilesystem`.
 *
 * Withheld: privileged containers, debug containers (their tools write where they like, and no volume can be added for
 * them), Windows and HostProcess pods.
 *
 * Source: k8s.io/api core/v1, `SecurityContext`.
 */
import type { Objection } from '../decisions/fillContainerField.ts';
import { fillContainerField } from '../decisions/fillContainerField.ts';
import type { Rule } from '../decisions/rule.ts';
import type { Container } from '../pod/pod.ts';
import { isEphemeral } from '../pod/pod.ts';

export const readOnlyRootFilesystem: Rule = {
  id: 'readOnlyRootFilesystem',
  decide: (subject) => {
    const wanted = subject.policy.container.readOnlyRootFilesystem;
    if (wanted === undefined) return [];
    return fillContainerField(subject, {
      rule: 'readOnlyRootFilesystem',
      path: ['readOnlyRootFilesystem'],
      valueFor: () => wanted,
      authored: ({ securityContext }) => securityContext['readOnlyRootFilesystem'],
      against,
    });
  },
};

function against(container: Container): Objection | undefined {
  if (container.securityContext['privileged'] === true) return { reason: 'privileged' };
  return isEphemeral(container) ? { reason: 'debugContainer' } : undefined;
}
