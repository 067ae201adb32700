/**
 * capabilities: a container starts with some fourteen of root's powers, NET_RAW and DAC_OVERRIDE among them. Dropping
 * ALL leaves it what its author adds by name, and nothing else.
 *
 * Fields: each container's `securityContext.capabilities.drop`; `add` stays as the author wrote it.
 *
 * Withheld: privileged containers, which have every capability anyway, and those that add ALL, since ALL dropped beside
 * it leaves nothing; Windows and HostProcess pods. A `drop` that the author set is explicit, whatever it names.
 *
 * Source: containerd pkg/cri, `WithCapabilities`; k8s.io/api core/v1, `Capabilities`.
 */
import type { Decision } from '../decisions/decision.ts';
import type { Objection } from '../decisions/fillContainerField.ts';
import { fillContainerField } from '../decisions/fillContainerField.ts';
import type { Rule } from '../decisions/rule.ts';
import { drops } from '../pod/capabilities.ts';
import type { Container, Pod } from '../pod/pod.ts';
import { canonicalCapability, effective } from '../pod/pod.ts';

export const capabilities: Rule = {
  id: 'capabilities',
  decide: (subject) => {
    const wanted = subject.policy.container.capabilities?.drop;
    if (wanted === undefined) return [];
    const decisions = fillContainerField(subject, {
      rule: 'capabilities',
      path: ['capabilities', 'drop'],
      valueFor: (container) => droppable(wanted, container),
      authored: (container) => container.capabilities['drop'],
      against: (container) => against(wanted, container),
    });
    // One for each container, in their order.
    return decisions.map((decision, index) => tellRoot(subject.pod, decision, subject.containers[index]));
  },
};

/** A process of uid 0 has always had them, so its program takes them for granted. */
const takenForGranted: readonly string[] = ['CHOWN', 'SETUID', 'NET_BIND_SERVICE'];

function tellRoot(pod: Pod, decision: Decision, container: Container | undefined): Decision {
  if (decision.action !== 'added' || container === undefined) return decision;
  if (!isRoot(pod, container)) return decision;
  const takenFromRoot = takenForGranted.filter((name) => drops(decision.value, name, container));
  return takenFromRoot.length === 0 ? decision : { ...decision, takenFromRoot };
}

/** By its own words: uid 0, or no uid and leave to be root, which is all that such words are for. */
function isRoot(pod: Pod, container: Container): boolean {
  const user = effective(pod, container, 'runAsUser');
  return user === 0 || (user === undefined && effective(pod, container, 'runAsNonRoot') === false);
}

function against(wanted: readonly string[], container: Container): Objection | undefined {
  if (container.securityContext['privileged'] === true) return { reason: 'privileged' };
  if (container.addedCapabilities.has('ALL')) return { reason: 'addsAllCapabilities' };
  return droppable(wanted, container).length === 0 ? { reason: 'addsSameCapabilities' } : undefined;
}

/** ALL spares what is added by name; a capability that is added and dropped by name would be gone. */
function droppable(wanted: readonly string[], { addedCapabilities }: Container): readonly string[] {
  if (addedCapabilities.size === 0) return wanted;
  return wanted.filter((name) => !addedCapabilities.has(canonicalCapability(name)));
}
