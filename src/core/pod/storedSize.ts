/**
 * How many bytes a pod takes in the API server's store. It is stored as protocol buffers: a field's name is a tag of a
 * byte or two, a text its UTF-8 with its length before it; the keys of maps are texts. This is an upper bound, within some
 * per cent, made from JSON alone.
 *
 * Source: k8s.io/api core/v1, `generated.proto`; k8s.io/apimachinery meta/v1, `generated.proto`, and
 * pkg/runtime/serializer/protobuf; protobuf.dev, "Encoding".
 */
import type { Json, JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import type { Patch } from '../json/patch.ts';
import { readPointer } from '../json/patch.ts';
import { utf8Length } from '../json/utf8.ts';

/**
 * The most that etcd stores at a time. Source: etcd server/embed, `DefaultMaxRequestBytes`; an installation may have
 * another, but kube-harden cannot know.
 */
export const mostStoredBytes = 1.5 * 1024 * 1024;

/**
 * What comes to a pod only after the webhooks, its uid, its status and its name among them, the fields of the pod and
 * its spec that are written even where they are empty, and what the API server and etcd put around it.
 */
const bytesAround = 1024;

/** A pod's own messages nest some twelve deep. What is deeper than this, no API server has sent. */
const deepestMessage = 40;

/** No message of a pod has as many fields: an object that has more is a map, whatever it is called. */
const mostFields = 80;

/** Whose keys are data. */
const maps: ReadonlySet<string> = new Set([
  'allocatedResources',
  'annotations',
  'capacity',
  'labels',
  'limits',
  'matchLabels',
  'nodeSelector',
  'options',
  'overhead',
  'requests',
  'volumeAttributes',
]);

/** What the API server leaves out where an object is too large with it: k8s.io/apiserver, `isTooLargeError`. */
const dispensable = 'managedFields';

/** Texts and numbers that are messages of their own, and what is around them: resource.Quantity, intstr.IntOrString. */
const wrapped: ReadonlyMap<string, number> = new Map([
  ...['capacity', 'divisor', 'limits', 'overhead', 'requests', 'sizeLimit'].map((name) => [name, 3] as const),
  ['port', 7],
]);

/** Fields whose number is 16 or more, in whatever message, so that their tag takes two bytes. */
const longTags: ReadonlySet<string> = new Set(
  `
  affinity allocatedResourcesStatus automountServiceAccountToken azureDisk azureFile configMap csi dnsConfig
  downwardAPI enableServiceLinks envFrom ephemeral ephemeralContainers fc hostAliases hostIPs hostname
  hostnameOverride hostUsers initContainers managedFields os overhead photonPersistentDisk portworxVolume
  preemptionPolicy priority priorityClassName projected quobyte readinessGates resizePolicy resourceClaims
  resources restartPolicy restartPolicyRules runtimeClassName scaleIO scheduler schedulerName schedulingGates
  setHostnameAsFQDN shareProcessNamespace startupProbe stdin stdinOnce storageos subdomain
  terminationMessagePolicy tolerations topologySpreadConstraints tty volumeDevices vsphereVolume
  `
    .trim()
    .split(/\s+/),
);

/** What a message has in it besides what JSON says: fields that are written even where they are empty, messages within. */
interface Shape {
  readonly always: readonly string[];
  /** Whether a message without a name in JSON is around some of its fields. */
  readonly hasNested: boolean;
}

const container: Shape = {
  always: [
    ...['name', 'image', 'workingDir', 'resources', 'terminationMessagePath', 'imagePullPolicy', 'stdin', 'stdinOnce'],
    ...['tty', 'terminationMessagePolicy'],
  ],
  hasNested: false,
};
const probe: Shape = {
  always: ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'],
  hasNested: true,
};
const reference: Shape = { always: ['name'], hasNested: true };
const keyReference: Shape = { always: ['name', 'key'], hasNested: true };
const plain: Shape = { always: [], hasNested: false };

/** By the name under which a message stands; those that there may be thousands of. */
const shapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['containers', container],
  ['initContainers', container],
  ['ephemeralContainers', { always: [...container.always, 'targetContainerName'], hasNested: true }],
  ['securityContext', plain],
  ['capabilities', plain],
  ['resources', plain],
  ['valueFrom', plain],
  ['seccompProfile', { always: ['type'], hasNested: false }],
  ['ports', { always: ['name', 'hostPort', 'containerPort', 'protocol', 'hostIP'], hasNested: false }],
  ['env', { always: ['name', 'value'], hasNested: false }],
  ['envFrom', { always: ['prefix'], hasNested: false }],
  ['configMapRef', reference],
  ['secretRef', reference],
  ['configMapKeyRef', keyReference],
  ['secretKeyRef', keyReference],
  ['fieldRef', { always: ['apiVersion', 'fieldPath'], hasNested: false }],
  ['volumeMounts', { always: ['name', 'readOnly', 'mountPath', 'subPath', 'subPathExpr'], hasNested: false }],
  ['volumeDevices', { always: ['name', 'devicePath'], hasNested: false }],
  ['volumes', { always: ['name'], hasNested: true }],
  ['emptyDir', { always: ['medium'], hasNested: false }],
  ['configMap', reference],
  ['secret', { always: ['secretName'], hasNested: false }],
  ['items', { always: ['key', 'path'], hasNested: false }],
  ['tolerations', { always: ['key', 'operator', 'value', 'effect'], hasNested: false }],
  ['matchExpressions', { always: ['key', 'operator'], hasNested: false }],
  ['hostAliases', { always: ['ip'], hasNested: false }],
  ['imagePullSecrets', { always: ['name'], hasNested: false }],
  ['sysctls', { always: ['name', 'value'], hasNested: false }],
  ['ownerReferences', { always: ['kind', 'name', 'uid', 'apiVersion'], hasNested: false }],
  ['livenessProbe', probe],
  ['readinessProbe', probe],
  ['startupProbe', probe],
  ['exec', plain],
  ['httpGet', { always: ['path', 'port', 'host', 'scheme'], hasNested: false }],
]);

const largestVarint = 2 ** 63;
const mostVarintBytes = 10;

/** Which way to be wrong where JSON alone does not tell. */
interface Bound {
  /** The bytes of a field's tag. */
  readonly tagOf: (name: string) => number;
  /** What a message of no known shape has in it besides its fields; none has so many empty fields that it is more. */
  readonly silent: number;
  /** What is around a text or a number that is a message of its own. */
  readonly wrap: (name: string) => number;
  readonly isMap: (name: string, value: JsonObject) => boolean;
}

const most: Bound = {
  tagOf: (name) => (longTags.has(name) ? 2 : 1),
  silent: 40,
  wrap: (name) => wrapped.get(name) ?? 0,
  isMap: (name, value) => maps.has(name) || Object.keys(value).length > mostFields,
};

const least: Bound = { tagOf: () => 1, silent: 0, wrap: () => 0, isMap: (name) => maps.has(name) };

/** At most so many bytes a pod takes in the store. */
export function storedSize(pod: JsonObject): number {
  return bytesAround + messageSize('', pod, 0, most);
}

/** At least so many bytes a pod takes in the store. */
export function leastStoredSize(pod: JsonObject): number {
  return messageSize('', pod, 0, least);
}

/** At most so many bytes come to a pod by a patch. */
export function patchSize(pod: JsonObject, patch: Patch): number {
  let bytes = 0;
  for (const operation of patch) {
    if (operation.op === 'remove') continue;
    const path = readPointer(operation.path);
    const key = path.at(-1) ?? '';
    const parent = path.at(-2) ?? '';
    // The messages around it may need another byte for their length.
    bytes += 2 + sizeAt(parent, key, operation.value);
    const replaced = parent === 'annotations' ? lookUp(pod, path) : undefined;
    if (replaced !== undefined) bytes -= sizeAt(parent, key, replaced);
  }
  return bytes;
}

function sizeAt(parent: string, key: string, value: Json): number {
  if (maps.has(parent)) return entrySize(parent, key, value, most);
  return fieldSize(/^(-|[0-9]+)$/.test(key) ? parent : key, value, 0, most);
}

function lookUp(value: JsonObject, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path) found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return found;
}

/** A field with its tag; each entry of a list is one. */
function fieldSize(name: string, value: Json, depth: number, bound: Bound): number {
  if (value === null || name === dispensable || depth > deepestMessage) return 0;
  const tag = bound.tagOf(name);
  switch (typeof value) {
    case 'string':
      return tag + withLength(utf8Length(value)) + bound.wrap(name);
    case 'number':
      return tag + varintSize(value) + bound.wrap(name);
    case 'boolean':
      return tag + 1;
  }
  if (isJsonObject(value)) return objectSize(name, value, depth + 1, bound);
  let bytes = 0;
  for (const entry of value) bytes += entry === null ? tag + 1 : fieldSize(name, entry, depth + 1, bound);
  return bytes;
}

function objectSize(name: string, value: JsonObject, depth: number, bound: Bound): number {
  if (!bound.isMap(name, value)) return bound.tagOf(name) + withLength(messageSize(name, value, depth, bound));
  let bytes = 0;
  for (const key in value) bytes += entrySize(name, key, value[key] ?? null, bound);
  return bytes;
}

function messageSize(name: string, message: JsonObject, depth: number, bound: Bound): number {
  const shape = shapes.get(name);
  let bytes = shape === undefined ? bound.silent : 0;
  for (const key in message) bytes += fieldSize(key, message[key] ?? null, depth, bound);
  if (shape === undefined) return bytes;
  for (const key of shape.always) if ((message[key] ?? null) === null) bytes += bound.tagOf(key) + 1;
  return shape.hasNested ? bytes + 1 + varintSize(bytes) : bytes;
}

/** An entry of a map is a message of two fields. */
function entrySize(map: string, key: string, value: Json, bound: Bound): number {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return 2 + withLength(1 + withLength(utf8Length(key)) + 1 + bound.wrap(map) + withLength(utf8Length(text)));
}

/** Bytes with their number before them. */
function withLength(bytes: number): number {
  return bytes + varintSize(bytes);
}

/** Seven bits a byte, ten bytes at most: what is negative takes them, and JSON may say what is larger than any number. */
function varintSize(value: number): number {
  if (value < 0 || value >= largestVarint) return mostVarintBytes;
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes += 1;
  return bytes;
}
