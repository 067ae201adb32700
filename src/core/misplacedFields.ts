import type { JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';
import { containerLists } from './pod.ts';
import { containerOnlyFields, podOnlyFields } from './securityContextFields.ts';

/** A field that stands where Kubernetes does not look for it, so that it silently does nothing. */
export interface MisplacedField {
  /** From the pod's root. */
  readonly path: readonly string[];
  readonly belongsTo: 'pod' | 'container';
}

/** Finds security context fields at the wrong scope: an API server drops them, with no more than a warning. */
export function findMisplacedFields(pod: JsonObject): readonly MisplacedField[] {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const onPod = find(spec['securityContext'], ['spec', 'securityContext'], containerOnlyFields, 'container');
  const onContainers = containerLists.flatMap((list) => {
    const containers = spec[list];
    if (!Array.isArray(containers)) return [];
    return containers.flatMap((container, index) => {
      if (!isJsonObject(container)) return [];
      const path = ['spec', list, String(index)];
      return [
        ...find(container['securityContext'], [...path, 'securityContext'], podOnlyFields, 'pod'),
        // Straight in the container, without a securityContext around it, is as common a slip.
        ...find(container, path, containerOnlyFields, 'container'),
      ];
    });
  });
  return [...onPod, ...onContainers];
}

function find(
  block: unknown,
  path: readonly string[],
  fields: readonly string[],
  belongsTo: MisplacedField['belongsTo'],
): readonly MisplacedField[] {
  if (!isJsonObject(block)) return [];
  return fields.filter((field) => Object.hasOwn(block, field)).map((field) => ({ path: [...path, field], belongsTo }));
}
