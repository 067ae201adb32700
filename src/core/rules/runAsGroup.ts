/**
 * runAsGroup: which primary gid a container's processes get where the policy names one. Without it a uid that the image
 * does not know gets gid 0, which many images let write.
 *
 * Fields: `spec.securityContext.runAsGroup`; a container's own where another container must not inherit it.
 *
 * Withheld: where uid 0, `runAsNonRoot: false` or privileges say that root is wanted, whose group is 0; pods in a user
 * namespace, Windows.
 *
 * Source: k8s.io/api core/v1; k8s.io/kubernetes pkg/securitycontext, `DetermineEffectiveSecurityContext`.
 */
import { againstIdentity, fillSharedField } from '../decisions/fillSharedField.ts';
import type { Rule } from '../decisions/rule.ts';

export const runAsGroup: Rule = {
  id: 'runAsGroup',
  decide: (subject) => fillSharedField(subject, { rule: 'runAsGroup', ...againstIdentity(subject.pod) }),
};
