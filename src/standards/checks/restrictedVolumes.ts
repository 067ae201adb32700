// Rule: storage of the cluster is used through PersistentVolumes, and nothing of the node is mounted. Restricted.
// Fields: each of spec.volumes[*] must be of one of the allowed types below, or of none: the API server makes that an
//   emptyDir before it judges the pod.
// Versions: 1.0+, in place of hostPathVolumes.
// Source: k8s.io/pod-security-admission, policy/check_restrictedVolumes.go

import { objectField, stringField } from '../../core/json/fields.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Refusal } from '../check.ts';
import { plural, quoted, sortedUnique } from '../wording.ts';

const allowedTypes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** In upstream's order: a message names the first that a volume has. */
const restrictedTypes = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];

export const restrictedVolumes: Check = {
  id: 'restrictedVolumes',
  level: 'restricted',
  overrides: ['hostPathVolumes'],
  versions: [{ minimumMinor: 0, evaluate: refuseOtherTypes }],
};

function refuseOtherTypes(pod: Pod): Refusal | undefined {
  const refused = pod.volumes.filter((volume) => !isAllowed(volume));
  if (refused.length === 0) {
    return undefined;
  }
  const names = refused.map((volume) => stringField(volume, 'name') ?? '');
  const types = sortedUnique(refused.map((volume) => firstType(volume, restrictedTypes) ?? 'unknown'));
  const volumes = `${plural(names.length, 'volume', 'volumes')} ${quoted(names)}`;
  const verb = plural(names.length, 'uses', 'use');
  const noun = plural(types.length, 'restricted volume type', 'restricted volume types');
  return { reason: 'restricted volume types', detail: `${volumes} ${verb} ${noun} ${quoted(types)}` };
}

function isAllowed(volume: JsonObject): boolean {
  return firstType(volume, allowedTypes) !== undefined || hasNoType(volume);
}

/** A type that this file does not know is a type all the same. */
function hasNoType(volume: JsonObject): boolean {
  return Object.entries(volume).every(([field, value]) => field === 'name' || value === null);
}

function firstType(volume: JsonObject, types: readonly string[]): string | undefined {
  return types.find((type) => objectField(volume, type) !== undefined);
}
