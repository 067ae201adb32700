import { z } from 'zod';
import type { JsonObject } from '../../src/core/json/json.ts';

// What OpenShift's SecurityContextConstraints `restricted-v2` refuses, of which every service account may make use, and
// which kube-harden has to do with:
// https://github.com/openshift/cluster-kube-apiserver-operator/blob/master/bindata/bootkube/scc-manifests/0000_20_kube-apiserver-operator_00_scc-restricted-v2.yaml
// What a pod leaves out it fills in: runAsUser and fsGroup from the namespace's annotations, seccompProfile, drop ALL.

/** A namespace's own ids, of its annotations `openshift.io/sa.scc.uid-range` and `…supplemental-groups`. */
export interface IdRange {
  readonly first: number;
  readonly size: number;
}

const securityContext = z.object({
  runAsUser: z.number().optional(),
  fsGroup: z.number().optional(),
  privileged: z.boolean().optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  seccompProfile: z.object({ type: z.string() }).optional(),
  seLinuxOptions: z.object({}).optional(),
  capabilities: z.object({ add: z.array(z.string()).default([]) }).default({ add: [] }),
});
const container = z.object({
  name: z.string(),
  ports: z.array(z.object({ containerPort: z.number(), hostPort: z.number().optional() })).default([]),
  securityContext: securityContext.optional(),
});
const containers = z.array(container).default([]);
const podSpec = z.object({
  hostNetwork: z.boolean().default(false),
  hostPID: z.boolean().default(false),
  hostIPC: z.boolean().default(false),
  securityContext: securityContext.optional(),
  volumes: z.array(z.record(z.string(), z.json())).default([]),
  containers,
  initContainers: containers,
  ephemeralContainers: containers,
});

const allowedCapabilities = ['NET_BIND_SERVICE'];
const allowedVolumes = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected'],
  'secret',
];

/** What `restricted-v2` refuses of a pod's spec, field by field. */
export function findRefused(spec: JsonObject, { first, size }: IdRange): readonly string[] {
  const pod = podSpec.parse(spec);
  const isForeign = (id: number | undefined): boolean => id !== undefined && (id < first || id >= first + size);
  const judge = (where: string, context: z.infer<typeof securityContext> | undefined): readonly string[] => {
    if (context === undefined) return [];
    const { runAsUser, fsGroup, seccompProfile, capabilities } = context;
    return [
      ...(isForeign(runAsUser) ? [`${where}.runAsUser: ${runAsUser}`] : []),
      // Of the range, the first alone.
      ...(fsGroup !== undefined && fsGroup !== first ? [`${where}.fsGroup: ${fsGroup}`] : []),
      ...(context.privileged === true ? [`${where}.privileged: true`] : []),
      ...(context.allowPrivilegeEscalation === true ? [`${where}.allowPrivilegeEscalation: true`] : []),
      ...(seccompProfile !== undefined && seccompProfile.type !== 'RuntimeDefault'
        ? [`${where}.seccompProfile: ${seccompProfile.type}`]
        : []),
      ...(context.seLinuxOptions === undefined ? [] : [`${where}.seLinuxOptions`]),
      ...capabilities.add
        .filter((capability) => !allowedCapabilities.includes(capability))
        .map((capability) => `${where}.capabilities.add: ${capability}`),
    ];
  };
  const all = [...pod.initContainers, ...pod.containers, ...pod.ephemeralContainers];
  return [
    ...(['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => pod[field]).map((field) => `${field}: true`),
    ...judge('securityContext', pod.securityContext),
    ...all.flatMap((each) => judge(`${each.name}.securityContext`, each.securityContext)),
    ...all.flatMap(({ name, ports }) =>
      ports.flatMap(({ containerPort, hostPort = pod.hostNetwork ? containerPort : 0 }) =>
        hostPort === 0 ? [] : [`${name}.ports: hostPort ${hostPort}`],
      ),
    ),
    ...pod.volumes.flatMap((volume) =>
      Object.keys(volume)
        .filter((field) => field !== 'name' && !allowedVolumes.includes(field))
        .map((field) => `volumes: ${field}`),
    ),
  ];
}
