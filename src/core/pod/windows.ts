/**
 * Whether a pod runs on Windows. Validation refuses the fields that only Linux has where `spec.os.name` says windows;
 * elsewhere they do nothing there, or keep the pod from starting. What the pod says that it is and the nodes that it can
 * run on decide; where they say nothing, the options that only Windows has. A pod that merely prefers Windows may run on
 * Linux, so it counts as a pod of Linux.
 *
 * Source: k8s.io/kubernetes pkg/apis/core/validation, `validateOS`; k8s.io/component-helpers scheduling/corev1/nodeaffinity;
 * kubernetes.io, "Windows containers", "Security context".
 */
import { objectField, objectItems, stringField, stringItems } from '../json/fields.ts';
import type { JsonObject } from '../json/json.ts';

/** The label that every node has, and its name before Kubernetes 1.14. */
const labels: readonly string[] = ['kubernetes.io/os', 'beta.kubernetes.io/os'];

/** @param blocks the pod's security context and those of its containers */
export function runsOnWindows(spec: JsonObject, blocks: readonly JsonObject[]): boolean {
  const systems = [stringField(objectField(spec, 'os'), 'name'), selectedSystem(spec), requiredSystem(spec)];
  return systems.some((system) => system !== undefined) ? systems.includes('windows') : blocks.some(hasWindowsOptions);
}

function selectedSystem(spec: JsonObject): string | undefined {
  const nodeSelector = objectField(spec, 'nodeSelector');
  return labels.map((label) => stringField(nodeSelector, label)).find((system) => system !== undefined);
}

/** The one system that each of the terms asks for, of which any one is enough to run on a node. */
function requiredSystem(spec: JsonObject): string | undefined {
  const affinity = objectField(objectField(spec, 'affinity'), 'nodeAffinity');
  const required = objectField(affinity, 'requiredDuringSchedulingIgnoredDuringExecution');
  const systems = new Set(objectItems(required, 'nodeSelectorTerms').map(systemOfTerm));
  const [only] = systems;
  return systems.size === 1 ? only : undefined;
}

/** All of a term's expressions have to be met, so one of them is enough to tell. */
function systemOfTerm(term: JsonObject): string | undefined {
  for (const expression of objectItems(term, 'matchExpressions')) {
    if (!labels.includes(stringField(expression, 'key') ?? '')) continue;
    const values = new Set(stringItems(expression, 'values'));
    const [only] = values;
    if (expression['operator'] === 'In' && values.size === 1) return only;
    // Nodes have no third system.
    if (expression['operator'] === 'NotIn' && values.has('linux')) return 'windows';
    if (expression['operator'] === 'NotIn' && values.has('windows')) return 'linux';
  }
  return undefined;
}

function hasWindowsOptions(block: JsonObject): boolean {
  // `hostProcess: false` says what every pod of Linux is as well.
  return Object.values(objectField(block, 'windowsOptions') ?? {}).some((value) => value !== null && value !== false);
}
