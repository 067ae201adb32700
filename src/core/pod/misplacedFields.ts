import type { JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import { containerLists } from './pod.ts';
import { containerOnlyFields, podOnlyFields, sharedFields } from './securityContextFields.ts';

/** A field that stands where Kubernetes does not look for it, or under another name, so that it silently does nothing. */
export interface MisplacedField {
  /** From the pod's root. */
  readonly path: readonly string[];
  /** The scope whose field it is; undefined where only its name is wrong. */
  readonly belongsTo?: 'pod' | 'container';
  /** The field's right name. */
  readonly meant?: string;
}

/** Finds security context fields that do nothing: an API server drops them, with no more than a warning. */
export function findMisplacedFields(pod: JsonObject): readonly MisplacedField[] {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const onPod = [
    ...findMisspelt(spec, ['spec'], ['securityContext']),
    ...find(spec['securityContext'], ['spec', 'securityContext'], containerOnlyFields, 'container'),
    ...findMisspelt(spec['securityContext'], ['spec', 'securityContext'], [...podOnlyFields, ...sharedFields]),
  ];
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
        ...findMisspelt(container, path, ['securityContext']),
        ...findMisspelt(
          container['securityContext'],
          [...path, 'securityContext'],
          [...containerOnlyFields, ...sharedFields],
        ),
      ];
    });
  });
  return [...onPod, ...onContainers];
}

/** Names of which only the capitals are wrong: an API server tells them apart. */
function findMisspelt(block: unknown, path: readonly string[], fields: readonly string[]): readonly MisplacedField[] {
  if (!isJsonObject(block)) return [];
  const names = new Map(fields.map((field) => [field.toLowerCase(), field]));
  return Object.keys(block).flatMap((key) => {
    const meant = names.get(key.toLowerCase());
    return meant === undefined || meant === key ? [] : [{ path: [...path, key], meant }];
  });
}

function find(
  block: unknown,
  path: readonly string[],
  fields: readonly string[],
  belongsTo: 'pod' | 'container',
): readonly MisplacedField[] {
  if (!isJsonObject(block)) return [];
  return fields.filter((field) => Object.hasOwn(block, field)).map((field) => ({ path: [...path, field], belongsTo }));
}
