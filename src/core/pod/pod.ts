import { objectField, objectItems, stringField, stringItems } from '../json/fields.ts';
import type { Json, JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import { runsOnWindows } from './windows.ts';

export type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers';

/** The lists of containers in a pod's spec, in the order in which they start. */
export const containerLists: readonly ContainerList[] = ['initContainers', 'containers', 'ephemeralContainers'];

/** A container taken apart: what is missing or null in the manifest is an empty object or list here. */
export interface Container {
  readonly list: ContainerList;
  readonly index: number;
  /** Where all that is decided for the container stands: made once, since each rule says it. */
  readonly scope: {
    readonly scope: 'container';
    readonly list: ContainerList;
    readonly index: number;
    readonly container: string;
  };
  /** The container as it is written. */
  readonly fields: JsonObject;
  readonly name: string;
  readonly image: string;
  readonly securityContext: JsonObject;
  readonly capabilities: JsonObject;
  readonly addedCapabilities: ReadonlySet<string>;
  readonly containerPorts: readonly number[];
  readonly volumeMounts: readonly JsonObject[];
  readonly devicePaths: readonly string[];
}

/** A pod taken apart, once, for the rules and for the Pod Security Standards alike. */
export interface Pod {
  /** The spec as it is written. */
  readonly spec: JsonObject;
  readonly labels: JsonObject;
  readonly annotations: JsonObject;
  readonly securityContext: JsonObject;
  readonly sysctls: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
  readonly containers: readonly Container[];
  readonly hostNetwork: boolean;
  /** `hostUsers: false`: the pod's root is not the node's root. */
  readonly hasUserNamespace: boolean;
  /** `spec.os.name`, by which the API server goes where it tells Windows from Linux; Pod Security does. */
  readonly os: string | undefined;
  /** Whether it runs on Windows, by whatever in it tells: the rules add nothing that Windows lacks. */
  readonly isWindows: boolean;
  /** A Windows HostProcess pod, which runs on the node itself. */
  readonly isHostProcess: boolean;
}

const nothing: JsonObject = Object.freeze({});

/**
 * Takes a pod apart. Null counts as missing, as it does for the API server, and so does what is of a wrong type: nothing
 * that stands in a pod makes this throw. `parsePod` refuses such pods first.
 */
export function readPod(raw: JsonObject): Pod {
  const metadata = objectField(raw, 'metadata') ?? nothing;
  const spec = objectField(raw, 'spec') ?? nothing;
  const securityContext = objectField(spec, 'securityContext') ?? nothing;
  const containers = containerLists.flatMap((list) =>
    objectItems(spec, list).map((fields, index) => readContainer(fields, list, index)),
  );
  const blocks = [securityContext, ...containers.map((container) => container.securityContext)];
  const isWindows = runsOnWindows(spec, blocks);
  return {
    spec,
    labels: objectField(metadata, 'labels') ?? nothing,
    annotations: objectField(metadata, 'annotations') ?? nothing,
    securityContext,
    sysctls: objectItems(securityContext, 'sysctls'),
    volumes: objectItems(spec, 'volumes'),
    containers,
    hostNetwork: spec['hostNetwork'] === true,
    hasUserNamespace: spec['hostUsers'] === false,
    os: stringField(objectField(spec, 'os'), 'name'),
    isWindows,
    // On a node of Linux the option does nothing.
    isHostProcess: isWindows && blocks.some((block) => objectField(block, 'windowsOptions')?.['hostProcess'] === true),
  };
}

function readContainer(fields: JsonObject, list: ContainerList, index: number): Container {
  const securityContext = objectField(fields, 'securityContext') ?? nothing;
  const capabilities = objectField(securityContext, 'capabilities') ?? nothing;
  const name = stringField(fields, 'name') ?? '';
  return {
    list,
    index,
    scope: { scope: 'container', list, index, container: name },
    fields,
    name,
    image: stringField(fields, 'image') ?? '',
    securityContext,
    capabilities,
    addedCapabilities: new Set(stringItems(capabilities, 'add').map(canonicalCapability)),
    containerPorts: objectItems(fields, 'ports')
      .map(({ containerPort }) => containerPort)
      .filter((port) => typeof port === 'number'),
    volumeMounts: objectItems(fields, 'volumeMounts'),
    devicePaths: objectItems(fields, 'volumeDevices')
      .map(({ devicePath }) => devicePath)
      .filter((devicePath) => typeof devicePath === 'string'),
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

/** The runtime takes `SYS_ADMIN` and `CAP_SYS_ADMIN`, in any case, for the same capability. */
export function canonicalCapability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}
