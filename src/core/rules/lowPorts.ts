/**
 * lowPorts: a process that is not root may not listen below port 1024, unless the pod's own network namespace says that
 * it may. The sysctl is a safe one, so that web servers on port 80 need neither root nor NET_BIND_SERVICE, which a
 * non-root process does not get from `capabilities.add` anyway.
 *
 * Fields: an entry `net.ipv4.ip_unprivileged_port_start=0` in `spec.securityContext.sysctls`.
 *
 * Withheld: `hostNetwork`, where the namespace is the node's; Windows and HostProcess pods. Not asked for where no
 * container names a port below 1024 that ends up non-root by something that kube-harden added, or from which kube-harden
 * takes the capability, without which root may not either. A value that the author set stays.
 *
 * Source: Linux net/ipv4 `ip_unprivileged_port_start`; k8s.io/kubernetes pkg/kubelet/sysctl/safe_sysctls.go.
 */
import type { AddedFields } from '../decisions/added.ts';
import { findAdded, isAddedFor } from '../decisions/added.ts';
import { entryName } from '../decisions/fieldName.ts';
import { againstLinuxField } from '../decisions/fillContainerField.ts';
import type { Rule } from '../decisions/rule.ts';
import { isExcepted, podScope } from '../decisions/rule.ts';
import { drops } from '../pod/capabilities.ts';
import type { Container, Pod } from '../pod/pod.ts';
import { effective } from '../pod/pod.ts';
import type { RuleId } from '../policy/ruleId.ts';

/** What root needs to listen below port 1024. */
const bindService = 'NET_BIND_SERVICE';

const sysctl = 'net.ipv4.ip_unprivileged_port_start';

/** Source: Linux include/net/sock.h, `PROT_SOCK`. */
const firstUnprivilegedPort = 1024;

/** What takes from a process the right to a low port: its uid, its capabilities, those of its files. */
const takesPortsAway: readonly RuleId[] = ['runAsNonRoot', 'runAsUser', 'capabilities', 'allowPrivilegeEscalation'];

export const lowPorts: Rule = {
  id: 'lowPorts',
  decide: (subject, earlier) => {
    const { pod, policy } = subject;
    if (!policy.lowPorts || !subject.podLevelIsOpen) return [];
    const listening = subject.containers.filter(listensLow);
    if (listening.length === 0) return [];
    const nonRoot = findAdded(earlier, ['runAsNonRoot', 'runAsUser']);
    const dropped = findAdded(earlier, ['capabilities']);
    const droppedNames = policy.container.capabilities?.drop ?? [];
    const weakened = findAdded(earlier, takesPortsAway);
    const served = listening.filter(
      (container) =>
        (isNonRoot(pod, container, nonRoot) && isAddedFor(weakened, container)) ||
        (isAddedFor(dropped, container) && drops(droppedNames, bindService, container)),
    );
    if (served.length === 0) return [];

    const about = {
      rule: 'lowPorts',
      field: `securityContext.${entryName('sysctls', sysctl)}`,
      where: podScope,
    } as const;
    const authored = pod.sysctls.find(({ name }) => typeof name === 'string' && canonical(name) === sysctl);
    if (authored !== undefined) {
      return [{ ...about, action: 'kept', reason: 'explicit', value: authored['value'] ?? null }];
    }
    const excepted = isExcepted(subject, 'lowPorts') || served.every((each) => isExcepted(subject, 'lowPorts', each));
    const objection =
      againstLinuxField(pod) ??
      (excepted ? ({ reason: 'exception' } as const) : undefined) ??
      (pod.hostNetwork ? ({ reason: 'hostNetwork' } as const) : undefined);
    if (objection !== undefined) return [{ ...about, action: 'withheld', ...objection }];
    const path = ['spec', 'securityContext', 'sysctls', '-'];
    return [{ ...about, action: 'added', path, value: { name: sysctl, value: '0' } }];
  },
};

function listensLow({ containerPorts }: Container): boolean {
  return containerPorts.some((port) => port > 0 && port < firstUnprivilegedPort);
}

function isNonRoot(pod: Pod, container: Container, added: AddedFields): boolean {
  const user = effective(pod, container, 'runAsUser');
  if (typeof user === 'number') return user > 0;
  return effective(pod, container, 'runAsNonRoot') === true || isAddedFor(added, container);
}

/** Kubernetes takes slashes for dots in a sysctl's name. Source: k8s.io/component-helpers, `NormalizeName`. */
function canonical(name: string): string {
  return name.replaceAll('/', '.');
}
