import { fieldName, formatFieldName, parseFieldName } from './decisions/fieldName.ts';
import { podScope, scopeOf } from './decisions/rule.ts';
import type { Json, JsonObject } from './json/json.ts';
import { parsePod } from './pod/parsePod.ts';
import type { Container, ContainerList, Pod } from './pod/pod.ts';
import { isReadOnlyVolume } from './pod/pod.ts';

/** Which scope a value comes from; `unset` where Kubernetes, the node or the image decides. */
export type FieldSource = 'container' | 'pod' | 'unset';

export interface EffectiveValue {
  readonly value: Json;
  readonly from: FieldSource;
}

/** A field of a container, or of the pod alone, as it is and as hardening leaves it. */
export interface EffectiveField {
  readonly field: string;
  readonly before: EffectiveValue;
  readonly after: EffectiveValue;
  /** Whether what is in effect after hardening is kube-harden's, added now or in an earlier call. */
  readonly isOwnWork: boolean;
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

/** What the pod alone decides, and kube-harden may fill in. */
const explainedPodFields = ['fsGroup', 'supplementalGroups', 'sysctls'] as const;

/** A pod before and after hardening, and what of it is kube-harden's. */
export interface Comparison {
  readonly before: Json;
  /** The same containers in the same order. */
  readonly after: Json;
  /** The full names of the fields that kube-harden added. */
  readonly own: readonly string[];
}

/**
 * Fields that only a pod has, where somebody sets them, before and after hardening.
 *
 * @throws {PodShapeError}
 */
export function explainPodFields({ before, after, own }: Comparison): readonly EffectiveField[] {
  const blocks = [parsePod(before).securityContext, parsePod(after).securityContext] as const;
  const ownFields = wholeFields(own);
  return explainedPodFields
    .map((field) => ({
      field,
      before: podValue(blocks[0], field),
      after: podValue(blocks[1], field),
      isOwnWork: ownFields.has(fieldName({ where: podScope, field: `securityContext.${field}` })),
    }))
    .filter((field) => field.before.from !== 'unset' || field.after.from !== 'unset');
}

/**
 * Per container: each field's value in effect, and which scope it came from, before and after hardening.
 *
 * @throws {PodShapeError}
 */
export function explainContainers({ before, after, own }: Comparison): readonly EffectiveContainer[] {
  const pod = parsePod(before);
  const hardened = parsePod(after);
  const ownFields = wholeFields(own);
  return pod.containers.map((container, index) => {
    const hardenedContainer = hardened.containers[index] ?? container;
    const { list, name, image } = container;
    return {
      name,
      list,
      image,
      fields: explainedFields.map((field) => {
        const value = effectiveValue(hardened, hardenedContainer, field);
        const where = value.from === 'pod' ? podScope : scopeOf(container);
        return {
          field,
          before: effectiveValue(pod, container, field),
          after: value,
          isOwnWork: ownFields.has(fieldName({ where, field: `securityContext.${field}` })),
        };
      }),
      mountsBefore: writableMounts(pod, container),
      writableMounts: writableMounts(hardened, hardenedContainer),
    };
  });
}

/** The names of security context fields down to the field itself: `capabilities` for `capabilities.drop`. */
function wholeFields(names: readonly string[]): ReadonlySet<string> {
  return new Set(
    names.flatMap((text) => {
      const name = parseFieldName(text) ?? [];
      const end = name.findIndex(({ field }) => field === 'securityContext') + 1;
      const field = name[end]?.field;
      return end === 0 || field === undefined ? [] : [formatFieldName([...name.slice(0, end), { field }])];
    }),
  );
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

function podValue(securityContext: JsonObject, field: string): EffectiveValue {
  const value = readField(securityContext, field);
  return value === undefined ? { value: null, from: 'unset' } : { value, from: 'pod' };
}

const sharedWithPod: readonly string[] = ['runAsNonRoot', 'runAsUser', 'runAsGroup', 'seccompProfile'];

function readField(block: JsonObject, field: string): Json | undefined {
  return block[field] ?? undefined;
}
