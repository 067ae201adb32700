/**
 * fsGroup: which group a pod's volumes belong to where the policy names one, so that a non-root process can write them.
 *
 * Fields: `spec.securityContext.fsGroup`; containers have none.
 *
 * Withheld: where uid 0 or `runAsNonRoot: false` says that root is wanted anywhere in the pod, pods in a user namespace,
 * Windows.
 *
 * Source: k8s.io/api core/v1, `PodSecurityContext`.
 */
import { fillPodField } from '../decisions/fillPodField.ts';
import type { Rule } from '../decisions/rule.ts';

export const fsGroup: Rule = {
  id: 'fsGroup',
  decide: (subject) => fillPodField(subject, 'fsGroup'),
};
