/**
 * root-image: the image runs as root, which `runAsNonRoot` forbids.
 *
 * Source: k8s.io/kubernetes pkg/kubelet/kuberuntime/security_context_others.go, `verifyRunAsNonRoot`.
 */
import { hasAny } from '../line.ts';
import type { Recognizer } from '../recognizer.ts';

const words = ['image will run as root', 'runasuser breaks non-root policy'];

export const rootImage: Recognizer = (line) =>
  hasAny(line, words) ? { cause: 'root-image', path: null, capability: null } : undefined;
