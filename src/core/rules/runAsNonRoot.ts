/**
 * runAsNonRoot: a process that is root in its container is one kernel bug away from being root on the node. With this
 * field the kubelet refuses to start a container as uid 0.
 *
 * Fields: `spec.securityContext.runAsNonRoot`; a container's own where another container has to stay root.
 *
 * Withheld: where uid 0 is asked for (the kubelet would not start it), privileged containers, pods in a user namespace
 * (`hostUsers: false`, `procMount: Unmasked`), whose root is nobody on the node, Windows containers that run as
 * ContainerAdministrator, HostProcess pods. A debug container that asks for root and would inherit kube-harden's own
 * default from the pod gets `runAsNonRoot: false`, or it could not start.
 *
 * Source: k8s.io/kubernetes pkg/kubelet/kuberuntime/security_context_others.go and _windows.go, `verifyRunAsNonRoot`.
 */
import { containerKey, findAdded, isAddedFor } from '../decisions/added.ts';
import type { Decision } from '../decisions/decision.ts';
import type { Objection } from '../decisions/fillContainerField.ts';
import { fillSharedField } from '../decisions/fillSharedField.ts';
import type { Earlier, Rule, Subject } from '../decisions/rule.ts';
import { scopeOf } from '../decisions/rule.ts';
import { isJsonObject } from '../json/json.ts';
import type { Container, Pod } from '../pod/pod.ts';
import { effective } from '../pod/pod.ts';

/** Source: security_context_windows.go, `windowsRootUserName`. */
const windowsAdministrator = 'containeradministrator';

export const runAsNonRoot: Rule = {
  id: 'runAsNonRoot',
  decide: (subject, earlier) => {
    const decisions = fillSharedField(subject, {
      rule: 'runAsNonRoot',
      againstPod: () => againstPod(subject.pod),
      against: (container) => needsRoot(subject.pod, container),
    });
    const dependent = new Map(findDependentOnImage(subject, earlier).map((each) => [containerKey(each), each]));
    return [...decisions.map((decision) => tellDependent(decision, dependent)), ...undoForDebugContainers(subject)];
  },
};

/**
 * The containers that would become non-root while nobody says as whom they run. Whether they start, their image alone
 * tells; a pod and a policy do not.
 */
function findDependentOnImage({ pod, containers }: Subject, earlier: Earlier): readonly Container[] {
  if (pod.isWindows) return [];
  const chosen = findAdded(earlier, ['runAsUser']);
  return containers.filter((container) => {
    const isExplicit = (container.securityContext['runAsNonRoot'] ?? null) !== null;
    return !isAddedFor(chosen, container) && !isExplicit && effective(pod, container, 'runAsUser') === undefined;
  });
}

function tellDependent(decision: Decision, dependent: ReadonlyMap<number, Container>): Decision {
  if (decision.action !== 'added') return decision;
  const { where } = decision;
  const one = where.scope === 'pod' ? undefined : dependent.get(containerKey(where));
  const concerned = where.scope === 'pod' ? [...dependent.values()] : one === undefined ? [] : [one];
  return concerned.length === 0 ? decision : { ...decision, dependsOnImage: concerned.map(scopeOf) };
}

function againstPod(pod: Pod): Objection | undefined {
  if (pod.isHostProcess) return { reason: 'hostProcess' };
  return pod.hasUserNamespace ? { reason: 'userNamespace' } : undefined;
}

function needsRoot(pod: Pod, container: Container): Objection | undefined {
  if (container.securityContext['privileged'] === true) return { reason: 'privileged' };
  if (container.securityContext['procMount'] === 'Unmasked') return { reason: 'unmaskedProcMount' };
  if (effective(pod, container, 'runAsUser') === 0) return { reason: 'runsAsRoot' };
  return windowsUser(pod, container)?.toLowerCase() === windowsAdministrator
    ? { reason: 'windowsAdministrator' }
    : undefined;
}

function windowsUser(pod: Pod, container: Container): string | undefined {
  for (const { windowsOptions } of [container.securityContext, pod.securityContext]) {
    const name = isJsonObject(windowsOptions) ? windowsOptions['runAsUserName'] : undefined;
    if (typeof name === 'string') return name;
  }
  return undefined;
}

/** The pod's level cannot be opened again once it runs; the container's own field wins over it. */
function undoForDebugContainers(subject: Subject): readonly Decision[] {
  if (subject.podLevelIsOpen || !subject.podDefaultsAreOurs.has('runAsNonRoot')) return [];
  return subject.containers.flatMap((container): readonly Decision[] => {
    const decided = container.securityContext['runAsNonRoot'] ?? null;
    if (decided !== null || needsRoot(subject.pod, container) === undefined) return [];
    return [
      {
        rule: 'runAsNonRoot',
        field: 'securityContext.runAsNonRoot',
        where: scopeOf(container),
        action: 'added',
        path: ['spec', container.list, String(container.index), 'securityContext', 'runAsNonRoot'],
        value: false,
        reason: 'undoOwnPodDefault',
      },
    ];
  });
}
