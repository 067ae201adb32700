import type { Json } from '../json/json.ts';
import type { Container, Pod } from '../pod/pod.ts';
import { effective } from '../pod/pod.ts';
import type { Policy } from '../policy/policy.ts';
import type { Added, Decision, Kept } from './decision.ts';
import type { Objection } from './fillContainerField.ts';
import { againstLinuxField } from './fillContainerField.ts';
import type { Subject } from './rule.ts';
import { isExcepted, podScope, scopeOf } from './rule.ts';

export interface SharedField {
  /** The rule's name is the field's, at both scopes. */
  readonly rule: 'seccompProfile' | 'runAsNonRoot' | 'runAsUser' | 'runAsGroup';
  /** Stands against the field anywhere in the pod. */
  readonly againstPod: () => Objection | undefined;
  /** Stands against the field's being in effect in a container that does not set it itself. */
  readonly against: (container: Container) => Objection | undefined;
  /** Stands against the container's own field alone, not against its inheriting the pod's. */
  readonly againstOwn?: (container: Container) => Objection | undefined;
}

/**
 * Decides a field that pods and containers have. It goes to the pod, once for all, unless some container would inherit
 * what must not come to it; then to each of the others by itself.
 */
export function fillSharedField(subject: Subject, field: SharedField): readonly Decision[] {
  const { rule } = field;
  const wanted = wantedValue(subject.policy, rule);
  if (wanted === undefined) return [];
  const name = `securityContext.${rule}`;
  const atPod = { rule, field: name, where: podScope };

  const onPod = subject.pod.securityContext[rule] ?? null;
  if (onPod !== null) {
    return [{ ...atPod, action: 'kept', reason: 'explicit', value: onPod }, ...keptByContainers(subject, field)];
  }
  const objection = isExcepted(subject, rule) ? ({ reason: 'exception' } as const) : field.againstPod();
  if (objection !== undefined) {
    return [{ ...atPod, action: 'withheld', ...objection }, ...keptByContainers(subject, field)];
  }

  const decided = subject.containers.map((container) =>
    decideForContainer(subject, field, name, wanted.value, container),
  );
  const podWide = decided.every((decision) => decision.action === 'added' || setsItself(decision));
  if (!podWide || !subject.podLevelIsOpen || wanted.block === 'container') {
    return decided.map((decision, index) => holdBackOwn(decision, subject.containers[index], field));
  }
  const added: Added = {
    ...atPod,
    action: 'added',
    path: ['spec', 'securityContext', rule],
    value: wanted.value,
  };
  return [added, ...decided.filter((decision) => decision.action === 'kept')];
}

function decideForContainer(
  subject: Subject,
  shared: SharedField,
  field: string,
  value: Json,
  container: Container,
): Decision {
  const { rule } = shared;
  const where = scopeOf(container);
  const own = container.securityContext[rule] ?? null;
  if (own !== null) return { rule, field, where, action: 'kept', reason: 'explicit', value: own };
  const objection = isExcepted(subject, rule, container)
    ? ({ reason: 'exception' } as const)
    : shared.against(container);
  if (objection !== undefined) return { rule, field, where, action: 'withheld', ...objection };
  const path = ['spec', container.list, String(container.index), 'securityContext', rule];
  return { rule, field, where, action: 'added', path, value };
}

function holdBackOwn(decision: Decision, container: Container | undefined, { againstOwn }: SharedField): Decision {
  const objection = decision.action === 'added' && container !== undefined ? againstOwn?.(container) : undefined;
  if (objection === undefined) return decision;
  const { rule, field, where } = decision;
  return { rule, field, where, action: 'withheld', ...objection };
}

/** A container that sets the field itself inherits nothing, so it does not stand in the way of the pod's. */
function setsItself(decision: Decision): boolean {
  return decision.action === 'kept' && decision.reason === 'explicit';
}

function keptByContainers(subject: Subject, { rule }: SharedField): readonly Kept[] {
  return subject.containers.flatMap((container): readonly Kept[] => {
    const own = container.securityContext[rule] ?? null;
    if (own === null) return [];
    const about = { rule, field: `securityContext.${rule}`, where: scopeOf(container) };
    return [{ ...about, action: 'kept', reason: 'explicit', value: own }];
  });
}

function wantedValue(
  policy: Policy,
  rule: SharedField['rule'],
): { value: Json; block: 'pod' | 'container' } | undefined {
  const forPod = policy.pod[rule];
  if (forPod !== undefined) return { value: forPod, block: 'pod' };
  const forContainer = policy.container[rule];
  return forContainer === undefined ? undefined : { value: forContainer, block: 'container' };
}

/** What stands against a user or group of the policy's choice: anything that says that root is wanted. */
export function againstIdentity(pod: Pod): Pick<SharedField, 'againstPod' | 'against'> {
  return {
    againstPod: () => againstLinuxField(pod) ?? (pod.hasUserNamespace ? { reason: 'userNamespace' } : undefined),
    against: (container) => {
      if (container.securityContext['privileged'] === true) return { reason: 'privileged' };
      if (effective(pod, container, 'runAsNonRoot') === false) return { reason: 'rootAllowed' };
      return effective(pod, container, 'runAsUser') === 0 ? { reason: 'runsAsRoot' } : undefined;
    },
  };
}
