/**
 * allowPrivilegeEscalation: `false` sets the kernel's no_new_privs, so that a setuid binary or a file capability in the
 * image gives a process no more rights than it started with.
 *
 * Fields: each container's `securityContext.allowPrivilegeEscalation`.
 *
 * Withheld: privileged containers and those that add SYS_ADMIN or ALL, for which validation refuses `false` or the
 * kernel escalates regardless; Windows and HostProcess pods.
 *
 * Source: k8s.io/kubernetes pkg/apis/core/validation, `ValidateSecurityContext`.
 */
import type { Objection } from '../decisions/fillContainerField.ts';
import { fillContainerField } from '../decisions/fillContainerField.ts';
import type { Rule } from '../decisions/rule.ts';
import type { Container } from '../pod/pod.ts';

export const allowPrivilegeEscalation: Rule = {
  id: 'allowPrivilegeEscalation',
  decide: (subject) => {
    const wanted = subject.policy.container.allowPrivilegeEscalation;
    if (wanted === undefined) return [];
    return fillContainerField(subject, {
      rule: 'allowPrivilegeEscalation',
      path: ['allowPrivilegeEscalation'],
      valueFor: () => wanted,
      authored: ({ securityContext }) => securityContext['allowPrivilegeEscalation'],
      against,
    });
  },
};

function against({ securityContext, addedCapabilities }: Container): Objection | undefined {
  if (securityContext['privileged'] === true) return { reason: 'privileged' };
  if (addedCapabilities.has('ALL')) return { reason: 'addsAllCapabilities' };
  return addedCapabilities.has('SYS_ADMIN') ? { reason: 'addsSysAdmin' } : undefined;
}
