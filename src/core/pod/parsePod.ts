import type { Json, JsonArray, JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import type { Pod } from './pod.ts';
import { containerLists, readPod } from './pod.ts';

/** A pod of which no API server could make sense; the message says where and what. */
export class PodShapeError extends Error {
  override name = 'PodShapeError';
  /** From the pod's root: `['spec', 'containers', '0', 'name']`. */
  readonly path: readonly string[];

  constructor(path: readonly string[], problem: string) {
    super(`${path.join('.')}: ${problem}`);
    this.path = path;
  }
}

const nothing: JsonObject = Object.freeze({});

/**
 * Reads a pod that is to be worked on; what `readPod` would take for missing must not pass for an author's silence.
 *
 * @throws {PodShapeError} where an object, list or scalar that hardening needs is something else.
 */
export function parsePod(raw: Json): Pod {
  if (!isJsonObject(raw)) throw new PodShapeError(['pod'], `must be an object, is ${kindOf(raw)}`);
  const metadata = checkObject(raw, [], 'metadata');
  const spec = checkObject(raw, [], 'spec');
  if (spec === nothing) throw new PodShapeError(['spec'], 'is missing');
  const securityContext = checkObject(spec, ['spec'], 'securityContext');
  checkScalars(securityContext, ['spec', 'securityContext'], podScalars);
  for (const list of containerLists) {
    for (const [index, container] of checkObjects(spec, ['spec'], list).entries()) {
      checkContainer(container, ['spec', list, String(index)]);
    }
  }
  if (!Array.isArray(spec['containers'])) throw new PodShapeError(['spec', 'containers'], 'is missing');
  checkObject(metadata, ['metadata'], 'labels');
  checkObject(metadata, ['metadata'], 'annotations');
  checkObjects(securityContext, ['spec', 'securityContext'], 'sysctls');
  checkObjects(spec, ['spec'], 'volumes');
  return readPod(raw);
}

function checkContainer(container: JsonObject, path: readonly string[]): void {
  const { name } = container;
  if (typeof name !== 'string') throw new PodShapeError([...path, 'name'], `must be a string, is ${kindOf(name)}`);
  const securityContext = checkObject(container, path, 'securityContext');
  checkScalars(securityContext, [...path, 'securityContext'], containerScalars);
  const capabilities = checkObject(securityContext, [...path, 'securityContext'], 'capabilities');
  checkList(capabilities, [...path, 'securityContext', 'capabilities'], 'add');
  for (const list of ['ports', 'volumeMounts', 'volumeDevices']) checkObjects(container, path, list);
}

const sharedScalars = { runAsNonRoot: 'boolean', runAsUser: 'number', runAsGroup: 'number' } as const;
const podScalars = { ...sharedScalars, fsGroup: 'number' } as const;
const containerScalars = {
  ...sharedScalars,
  privileged: 'boolean',
  allowPrivilegeEscalation: 'boolean',
  readOnlyRootFilesystem: 'boolean',
} as const;

const scalarWords = { boolean: 'true or false', number: 'a number' } as const;

/** `"true"` is not `true`: what the API server would refuse must not pass for a decision of the author's. */
function checkScalars(
  block: JsonObject,
  path: readonly string[],
  types: Readonly<Record<string, keyof typeof scalarWords>>,
): void {
  for (const field in types) {
    const value = block[field] ?? null;
    const type = types[field];
    if (value === null || type === undefined || typeof value === type) continue;
    throw new PodShapeError([...path, field], `must be ${scalarWords[type]}, is ${kindOf(value)}`);
  }
}

function checkObject(parent: JsonObject, path: readonly string[], key: string): JsonObject {
  const value = parent[key];
  if (value === undefined || value === null) return nothing;
  if (isJsonObject(value)) return value;
  throw new PodShapeError([...path, key], `must be an object, is ${kindOf(value)}`);
}

function checkList(parent: JsonObject, path: readonly string[], key: string): JsonArray {
  const value = parent[key];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new PodShapeError([...path, key], `must be a list, is ${kindOf(value)}`);
}

function checkObjects(parent: JsonObject, path: readonly string[], key: string): readonly JsonObject[] {
  const list = checkList(parent, path, key);
  return list.map((entry, index) => {
    if (isJsonObject(entry)) return entry;
    throw new PodShapeError([...path, key, String(index)], `must be an object, is ${kindOf(entry)}`);
  });
}

function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
