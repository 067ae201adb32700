import type { Json, JsonObject } from './json.ts';
import type { Container, ContainerList, Pod } from './pod.ts';
import { isReadOnlyVolume, readPod } from './pod.ts';

/** Which scope a value comes from; `unset` where Kubernetes, the node or the image decides. */
export type FieldSource = 'container' | 'pod' | 'unset';

export interface EffectiveValue {
  readonly value: Json;
  readonly from: FieldSource;
}

/** A field of a container as it is and as hardening leaves it. */
export interface EffectiveField {
  readonly field: string;
  readonly before: EffectiveValue;
  readonly after: EffectiveValue;
}

export interface EffectiveContainer {
  readonly name: string;
  readonly list: ContainerList;
  readonly image: string;
  readonly fields: readonly EffectiveField[];
  /** Mount paths that are not read-only, as it is. */
  readonly mountsBefore: readonly string[];
  /** The same after hardening. */
  readonly writableMounts: readonly string[];
}

/** The fields that explain a container, in the order in which people ask: who runs, with what rights, writing where. */
const explainedFields = [
  'runAsNonRoot',
  'runAsUser',
  'runAsGroup',
  'privileged',
  'allowPrivilegeEscalation',
  'capabilities',
  'seccompProfile',
  'readOnlyRootFilesystem',
] as const;

/**
 * Per container: each field's value in effect, and which scope it came from, before and after hardening.
 *
 * @param after the hardened pod: the same containers in the same order
 * @throws {PodShapeError}
 */
export function explainContainers(before: Json, after: Json): readonly EffectiveContainer[] {
  const pod = readPod(before);
  const hardened = readPod(after);
  return pod.containers.map((container, index) => {
    const hardenedContainer = hardened.containers[index] ?? container;
    return {
      name: container.name,
      list: container.list,
      image: container.image,
      fields: explainedFields.map((field) => ({
        field,
        before: effectiveValue(pod, container, field),
        after: effectiveValue(hardened, hardenedContainer, field),
      })),
      mountsBefore: writableMounts(pod, container),
      writableMounts: writableMounts(hardened, hardenedContainer),
    };
  });
}

function writableMounts({ volumes }: Pod, { volumeMounts }: Container): readonly string[] {
  const readOnlyNames = new Set(volumes.filter(isReadOnlyVolume).map(({ name }) => name));
  return volumeMounts
    .filter(({ name, readOnly }) => readOnly !== true && !readOnlyNames.has(name))
    .map(({ mountPath }) => mountPath)
    .filter((path) => typeof path === 'string');
}

function effectiveValue(pod: Pod, { securityContext }: Container, field: string): EffectiveValue {
  const own = readField(securityContext, field);
  if (own !== undefined) return { value: own, from: 'container' };
  const inherited = readField(pod.securityContext, field);
  // The pod's block has fields of the same name for shared ones alone; any other there does nothing.
  if (inherited !== undefined && sharedWithPod.includes(field)) return { value: inherited, from: 'pod' };
  return { value: null, from: 'unset' };
}

const sharedWithPod: readonly string[] = ['runAsNonRoot', 'runAsUser', 'runAsGroup', 'seccompProfile'];

function readField(block: JsonObject, field: string): Json | undefined {
  return block[field] ?? undefined;
}
