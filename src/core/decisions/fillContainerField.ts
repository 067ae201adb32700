import type { Json } from '../json/json.ts';
import type { Container, Pod } from '../pod/pod.ts';
import type { RuleId } from '../policy/ruleId.ts';
import type { Decision, WithheldReason } from './decision.ts';
import type { Subject } from './rule.ts';
import { isExcepted, scopeOf } from './rule.ts';

export interface ContainerField {
  readonly rule: RuleId;
  /** The field's path below `securityContext`. */
  readonly path: readonly string[];
  readonly valueFor: (container: Container) => Json;
  readonly authored: (container: Container) => Json | undefined;
  /** What in the container itself stands against the field. */
  readonly against: (container: Container) => Objection | undefined;
}

export interface Objection {
  readonly reason: WithheldReason;
  readonly detail?: string;
}

/** Why no field of Linux' own may be set on a pod at all. */
export function againstLinuxField(pod: Pod): Objection | undefined {
  if (pod.isHostProcess) return { reason: 'hostProcess' };
  return pod.isWindows ? { reason: 'windows' } : undefined;
}

/** Decides a field that containers alone have, for each container by itself. */
export function fillContainerField(subject: Subject, field: ContainerField): readonly Decision[] {
  const { rule, path, valueFor, authored, against } = field;
  const name = ['securityContext', ...path].join('.');
  const againstAll = againstLinuxField(subject.pod);
  return subject.containers.map((container): Decision => {
    const where = scopeOf(container);
    const value = authored(container) ?? null;
    if (value !== null) {
      const reason = Array.isArray(value) && value.length === 0 ? 'emptyList' : 'explicit';
      return { rule, field: name, where, action: 'kept', reason, value };
    }
    const objection =
      againstAll ?? (isExcepted(subject, rule, container) ? ({ reason: 'exception' } as const) : against(container));
    if (objection !== undefined) return { rule, field: name, where, action: 'withheld', ...objection };
    const pointer = ['spec', container.list, String(container.index), 'securityContext', ...path];
    return { rule, field: name, where, action: 'added', path: pointer, value: valueFor(container) };
  });
}
