// Rule: no volume is a path of the node. Baseline.
// Fields: spec.volumes[*].hostPath must be unset.
// Versions: 1.0+; at the restricted level restrictedVolumes stands in its place.
// Source: k8s.io/pod-security-admission, policy/check_hostPathVolumes.go

import { objectField, stringField } from '../../core/json/fields.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { plural, quoted } from '../wording.ts';

export const hostPathVolumes: Check = {
  id: 'hostPathVolumes',
  level: 'baseline',
  versions: [{ minimumMinor: 0, evaluate: refuseHostPath }],
};

function refuseHostPath(pod: Pod): Refusal | undefined {
  const names = pod.volumes
    .filter((volume) => objectField(volume, 'hostPath') !== undefined)
    .map((volume) => stringField(volume, 'name') ?? '');
  if (names.length === 0) {
    return undefined;
  }
  return { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume', 'volumes')} ${quoted(names)}` };
}
