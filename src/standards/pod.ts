import type { JsonObject } from '../core/json/json.ts';
import { booleanField, objectField, objectItems, stringEntries, stringField } from './fields.ts';

/** A container of any kind, with what most checks look at. */
export interface Container {
  readonly name: string;
  readonly fields: JsonObject;
  readonly securityContext: JsonObject | undefined;
}

/** A raw pod, taken apart once for all checks. */
export interface Pod {
  readonly annotations: readonly (readonly [string, string])[];
  readonly spec: JsonObject;
  readonly securityContext: JsonObject | undefined;
  readonly volumes: readonly JsonObject[];
  /** Init containers, then regular ones, then ephemeral ones: the order in which messages name them. */
  readonly containers: readonly Container[];
}

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'];

export function readPod(pod: JsonObject): Pod {
  const spec = objectField(pod, 'spec') ?? {};
  return {
    annotations: stringEntries(objectField(pod, 'metadata'), 'annotations'),
    spec,
    securityContext: objectField(spec, 'securityContext'),
    volumes: objectItems(spec, 'volumes'),
    containers: containerLists.flatMap((list) => objectItems(spec, list).map(readContainer)),
  };
}

/** The names of the containers of which something is true. */
export function containersWhere(pod: Pod, isTrueOf: (container: Container) => boolean): readonly string[] {
  return pod.containers.filter(isTrueOf).map((container) => container.name);
}

export function isWindows(pod: Pod): boolean {
  return stringField(objectField(pod.spec, 'os'), 'name') === 'windows';
}

export function isInUserNamespace(pod: Pod): boolean {
  return booleanField(pod.spec, 'hostUsers') === false;
}

function readContainer(fields: JsonObject): Container {
  return {
    name: stringField(fields, 'name') ?? '',
    fields,
    securityContext: objectField(fields, 'securityContext'),
  };
}
