/**
 * named-user: the image says by name whom it runs as, and the kubelet cannot tell whether that is root.
 *
 * Source: k8s.io/kubernetes pkg/kubelet/kuberuntime/security_context_others.go, `verifyRunAsNonRoot`.
 */
import { between } from '../line.ts';
import type { Recognizer } from '../recognizer.ts';

export const namedUser: Recognizer = (line) => {
  const user = between(line, 'non-numeric user (', ')');
  return user === undefined ? undefined : { cause: 'named-user', path: null, capability: null, user };
};
