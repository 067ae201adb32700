import { stringEntries } from '../core/json/fields.ts';
import type { Container, Pod } from '../core/pod/pod.ts';

/** The names of the containers of which something is true. */
export function containersWhere(pod: Pod, isTrueOf: (container: Container) => boolean): readonly string[] {
  return pod.containers.filter(isTrueOf).map((container) => container.name);
}

/** The annotations as Go decodes them: whatever is no string is an empty one. */
export function annotationsOf({ annotations }: Pod): readonly (readonly [string, string])[] {
  return stringEntries({ annotations }, 'annotations');
}

/**
 * Whether the standards take a pod for one of Windows: by `spec.os.name` alone, as upstream does. There the API server
 * refuses the fields that Windows lacks, so nobody can be asked to set them. What keeps the rules from adding these
 * fields, `isWindows` of the pod, is wider: a pod that selects Windows nodes without saying so in `spec.os` must not get
 * them, but Pod Security does ask it for them.
 *
 * Source: k8s.io/pod-security-admission, policy/helpers.go and the checks' `podSpec.OS`.
 */
export function isWindows({ os }: Pod): boolean {
  return os === 'windows';
}
