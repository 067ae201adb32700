import type { Json, JsonObject } from '../../src/core/json/json.ts';

/** Takes out of a random pod what the API server would reject for reasons of its own; most are accepted then. */
export function makeAcceptable(random: JsonObject): JsonObject {
  const pod = withoutEmptyLists(random) as JsonObject;
  const spec = pod['spec'] as JsonObject;
  const metadata = pod['metadata'] as JsonObject;
  const isWindows = Object.values((spec['os'] as JsonObject | null) ?? {}).includes('windows');
  const hasUserNamespace = spec['hostUsers'] === false && !isWindows;
  const keepFields = (block: Json | undefined): JsonObject => {
    const { windowsOptions = null, procMount = null, ...others } = (block ?? {}) as JsonObject;
    if (isWindows) return { windowsOptions, runAsNonRoot: others['runAsNonRoot'] ?? null };
    return { ...others, ...(hasUserNamespace && { procMount }) };
  };
  const containersOf = (list: string): JsonObject[] =>
    ((spec[list] ?? []) as JsonObject[]).map(({ restartPolicy = null, volumeDevices = null, ...container }) => ({
      ...container,
      image: container['image'] === '' ? 'busybox' : (container['image'] ?? null),
      securityContext: keepFields(container['securityContext']),
      ...(list === 'initContainers' && { restartPolicy }),
      ...(!hasUserNamespace && { volumeDevices }),
    }));
  const { hostUsers = null, hostNetwork = null, ...others } = spec;
  const disk: JsonObject = { name: 'disk', persistentVolumeClaim: { claimName: 'disk' } };
  return {
    ...pod,
    metadata: { ...metadata, name: 'web', namespace: 'default', annotations: keepAnnotations(metadata['annotations']) },
    spec: {
      ...others,
      ...(!isWindows && { hostUsers }),
      ...(!hasUserNamespace && !isWindows && { hostNetwork }),
      securityContext: keepFields(spec['securityContext']),
      initContainers: containersOf('initContainers'),
      containers: containersOf('containers'),
      volumes: [...(spec['volumes'] as JsonObject[]), disk],
    },
  };
}

/** The API server drops empty lists before a webhook sees them; the author's own copy counts as explicit. */
function withoutEmptyLists(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, entry]) => !Array.isArray(entry) || entry.length > 0);
  return Object.fromEntries(entries.map(([key, entry]) => [key, withoutEmptyLists(entry)]));
}

/** A seccomp annotation names one profile. */
function keepAnnotations(annotations: Json | undefined): JsonObject {
  const entries = Object.entries((annotations ?? {}) as JsonObject).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const profile = String(value).includes('unconfined') ? 'unconfined' : 'runtime/default';
      return [key, key.includes('seccomp') ? profile : value];
    }),
  );
}
