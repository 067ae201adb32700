import type { Json, JsonArray, JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';

export type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers';

/** The lists of containers in a pod's spec, in the order in which they start. */
export const containerLists: readonly ContainerList[] = ['initContainers', 'containers', 'ephemeralContainers'];

/** A container as the rules see it: what is missing or null in the manifest is an empty object or list here. */
export interface Container {
  readonly list: ContainerList;
  readonly index: number;
  readonly name: string;
  readonly image: string;
  readonly securityContext: JsonObject;
  readonly capabilities: JsonObject;
  readonly addedCapabilities: readonly string[];
  readonly containerPorts: readonly number[];
  readonly volumeMounts: readonly JsonObject[];
  readonly devicePaths: readonly string[];
}

/** A pod as the rules see it. */
export interface Pod {
  readonly labels: JsonObject;
  readonly annotations: JsonObject;
  readonly securityContext: JsonObject;
  readonly sysctls: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
  readonly containers: readonly Container[];
  readonly hostNetwork: boolean;
  /** `hostUsers: false`: the pod's root is not the node's root. */
  readonly hasUserNamespace: boolean;
  readonly isWindows: boolean;
  /** A Windows HostProcess pod, which runs on the node itself. */
  readonly isHostProcess: boolean;
}

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
 * Reads the parts of a pod that hardening looks at. Null counts as missing, as it does for the API server; fields that
 * are not named here are not looked at.
 *
 * @throws {PodShapeError} where an object, list or string that hardening needs is something else.
 */
export function readPod(raw: Json): Pod {
  if (!isJsonObject(raw)) throw new PodShapeError(['pod'], `must be an object, is ${kindOf(raw)}`);
  const metadata = readObject(raw, [], 'metadata');
  const spec = readObject(raw, [], 'spec');
  if (spec === nothing) throw new PodShapeError(['spec'], 'is missing');
  const securityContext = readObject(spec, ['spec'], 'securityContext');
  checkScalars(securityContext, ['spec', 'securityContext'], podScalars);
  const containers = containerLists.flatMap((list) => readContainers(spec, list));
  if (!Array.isArray(spec['containers'])) throw new PodShapeError(['spec', 'containers'], 'is missing');
  return {
    labels: readObject(metadata, ['metadata'], 'labels'),
    annotations: readObject(metadata, ['metadata'], 'annotations'),
    securityContext,
    sysctls: readObjects(securityContext, ['spec', 'securityContext'], 'sysctls'),
    volumes: readObjects(spec, ['spec'], 'volumes'),
    containers,
    hostNetwork: spec['hostNetwork'] === true,
    hasUserNamespace: spec['hostUsers'] === false,
    isWindows: asksForWindows(spec),
    isHostProcess: [securityContext, ...containers.map((container) => container.securityContext)].some(
      ({ windowsOptions }) => isJsonObject(windowsOptions) && windowsOptions['hostProcess'] === true,
    ),
  };
}

/** The containers of a pod on the node's start list and the long-running ones; debug containers come later. */
export function isEphemeral(container: Container): boolean {
  return container.list === 'ephemeralContainers';
}

/** The value of a field that the container has, else its pod: the one in effect. Null counts as unset. */
export function effective(pod: Pod, container: Container, field: string): Json | undefined {
  return container.securityContext[field] ?? pod.securityContext[field] ?? undefined;
}

/** Volumes that the kubelet mounts read-only, whatever the mount says. Source: pkg/volume, `GetAttributes`. */
const readOnlySources: readonly string[] = ['configMap', 'secret', 'downwardAPI', 'projected', 'image'];

/** Whether nothing can be written to a volume, whatever its mount says. */
export function isReadOnlyVolume(volume: JsonObject): boolean {
  return Object.entries(volume).some(
    ([source, value]) => isJsonObject(value) && (readOnlySources.includes(source) || value['readOnly'] === true),
  );
}

function asksForWindows(spec: JsonObject): boolean {
  const { os, nodeSelector } = spec;
  return (
    (isJsonObject(os) && os['name'] === 'windows') ||
    (isJsonObject(nodeSelector) && nodeSelector['kubernetes.io/os'] === 'windows')
  );
}

function readContainers(spec: JsonObject, list: ContainerList): Container[] {
  return readObjects(spec, ['spec'], list).map((raw, index) => {
    const path = ['spec', list, String(index)];
    const { name, image } = raw;
    if (typeof name !== 'string') throw new PodShapeError([...path, 'name'], `must be a string, is ${kindOf(name)}`);
    const securityContext = readObject(raw, path, 'securityContext');
    checkScalars(securityContext, [...path, 'securityContext'], containerScalars);
    const capabilities = readObject(securityContext, [...path, 'securityContext'], 'capabilities');
    const added = readList(capabilities, [...path, 'securityContext', 'capabilities'], 'add');
    return {
      list,
      index,
      name,
      image: typeof image === 'string' ? image : '',
      securityContext,
      capabilities,
      addedCapabilities: added.filter((capability) => typeof capability === 'string').map(canonicalCapability),
      containerPorts: readObjects(raw, path, 'ports')
        .map(({ containerPort }) => containerPort)
        .filter((port) => typeof port === 'number'),
      volumeMounts: readObjects(raw, path, 'volumeMounts'),
      devicePaths: readObjects(raw, path, 'volumeDevices')
        .map(({ devicePath }) => devicePath)
        .filter((devicePath) => typeof devicePath === 'string'),
    };
  });
}

/** The runtime takes `SYS_ADMIN` and `CAP_SYS_ADMIN`, in any case, for the same capability. */
export function canonicalCapability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
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

function readObject(parent: JsonObject, path: readonly string[], key: string): JsonObject {
  const value = parent[key];
  if (value === undefined || value === null) return nothing;
  if (isJsonObject(value)) return value;
  throw new PodShapeError([...path, key], `must be an object, is ${kindOf(value)}`);
}

function readList(parent: JsonObject, path: readonly string[], key: string): JsonArray {
  const value = parent[key];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new PodShapeError([...path, key], `must be a list, is ${kindOf(value)}`);
}

function readObjects(parent: JsonObject, path: readonly string[], key: string): readonly JsonObject[] {
  return readList(parent, path, key).map((entry, index) => {
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
