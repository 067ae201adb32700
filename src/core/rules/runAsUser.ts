/**
 * runAsUser: which uid a container's processes get where the policy names one. It makes `runAsNonRoot` hold for images
 * that name no user, or one by name, which the kubelet cannot judge.
 *
 * Fields: `spec.securityContext.runAsUser`; a container's own where another container must not inherit it.
 *
 * Withheld: where `runAsNonRoot: false` or privileges say that root is wanted, pods in a user namespace, Windows.
 *
 * Source: k8s.io/api core/v1; k8s.io/kubernetes pkg/securitycontext, `DetermineEffectiveSecurityContext`.
 */
import { againstIdentity, fillSharedField } from '../decisions/fillSharedField.ts';
import type { Rule } from '../decisions/rule.ts';

export const runAsUser: Rule = {
  id: 'runAsUser',
  decide: (subject) => fillSharedField(subject, { rule: 'runAsUser', ...againstIdentity(subject.pod) }),
};
