import type { Json } from '../json/json.ts';
import type { Pod } from '../pod/pod.ts';
import { effective } from '../pod/pod.ts';
import type { Decision } from './decision.ts';
import type { Objection } from './fillContainerField.ts';
import { againstLinuxField } from './fillContainerField.ts';
import type { Subject } from './rule.ts';
import { isExcepted, podScope } from './rule.ts';

/** Decides a field that pods alone have. An exception of one container is one of the pod: none can be left out. */
export function fillPodField(subject: Subject, rule: 'fsGroup' | 'supplementalGroups'): readonly Decision[] {
  const wanted = subject.policy.pod[rule];
  if (wanted === undefined || !subject.podLevelIsOpen) return [];
  const about = { rule, field: `securityContext.${rule}`, where: podScope };
  const value = subject.pod.securityContext[rule] ?? null;
  if (value !== null) {
    const reason = Array.isArray(value) && value.length === 0 ? 'emptyList' : 'explicit';
    return [{ ...about, action: 'kept', reason, value }];
  }
  const isException =
    isExcepted(subject, rule) || subject.containers.some((container) => isExcepted(subject, rule, container));
  const objection = isException ? ({ reason: 'exception' } as const) : againstGroups(subject.pod);
  if (objection !== undefined) return [{ ...about, action: 'withheld', ...objection }];
  return [{ ...about, action: 'added', path: ['spec', 'securityContext', rule], value: wanted }];
}

function againstGroups(pod: Pod): Objection | undefined {
  const linuxOnly = againstLinuxField(pod);
  if (linuxOnly !== undefined) return linuxOnly;
  if (pod.hasUserNamespace) return { reason: 'userNamespace' };
  const has = (field: string, value: Json): boolean =>
    pod.containers.some((container) => effective(pod, container, field) === value);
  if (has('runAsNonRoot', false)) return { reason: 'rootAllowed' };
  return has('runAsUser', 0) ? { reason: 'runsAsRoot' } : undefined;
}
