/**
 * supplementalGroups: which further groups a pod's processes are in where the policy names some.
 *
 * Fields: `spec.securityContext.supplementalGroups`; containers have none.
 *
 * Withheld: where uid 0 or `runAsNonRoot: false` says that root is wanted anywhere in the pod, pods in a user namespace,
 * Windows.
 *
 * Source: k8s.io/api core/v1, `PodSecurityContext`.
 */
import { fillPodField } from '../decisions/fillPodField.ts';
import type { Rule } from '../decisions/rule.ts';

export const supplementalGroups: Rule = {
  id: 'supplementalGroups',
  decide: (subject) => fillPodField(subject, 'supplementalGroups'),
};
