import type { Json, JsonObject } from '../../src/core/json/json.ts';

// Pods at the edges of what the API server accepts, where one field more is one too many.

const image = 'nginx:1.29';

function podOf(spec: JsonObject, annotations: JsonObject = {}): JsonObject {
  return { metadata: { name: 'web', annotations }, spec: { containers: [{ name: 'web', image }], ...spec } };
}

function withContext(securityContext: JsonObject, others: JsonObject = {}): JsonObject {
  return podOf({ ...others, containers: [{ name: 'web', image, securityContext }] });
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** The longest name of a container and of a volume: a DNS label, RFC 1123. */
const longest = 'x'.repeat(63);

export const edgePods: Readonly<Record<string, JsonObject>> = {
  'a Windows pod': podOf({ os: { name: 'windows' } }),
  'a Windows pod by its node selector': podOf({ nodeSelector: { 'kubernetes.io/os': 'windows' } }),
  'a hostProcess pod': podOf({
    os: { name: 'windows' },
    hostNetwork: true,
    securityContext: { windowsOptions: { hostProcess: true, runAsUserName: 'NT AUTHORITY\\SYSTEM' } },
  }),
  'a privileged container': withContext({ privileged: true }),
  SYS_ADMIN: withContext({ capabilities: { add: ['SYS_ADMIN'] } }),
  'CAP_SYS_ADMIN, as the API server takes it for the same': withContext({ capabilities: { add: ['CAP_SYS_ADMIN'] } }),
  'sys_admin, as some runtimes take it for the same': withContext({ capabilities: { add: ['sys_admin'] } }),
  'ALL capabilities': withContext({ capabilities: { add: ['ALL'] } }),
  'uid 0': withContext({ runAsUser: 0 }),
  'uid 0 on the pod': podOf({ securityContext: { runAsUser: 0 } }),
  'a user namespace with procMount Unmasked': withContext({ procMount: 'Unmasked' }, { hostUsers: false }),
  'a user namespace': podOf({ hostUsers: false }),
  'seccomp annotations': podOf(
    {},
    {
      'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default',
      'container.seccomp.security.alpha.kubernetes.io/web': 'unconfined',
    },
  ),
  'an AppArmor annotation': podOf({}, { 'container.apparmor.security.beta.kubernetes.io/web': 'runtime/default' }),
  'an AppArmor profile': withContext({ appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } }),
  'the host network with a low port': podOf({
    hostNetwork: true,
    containers: [{ name: 'web', image, ports: [{ containerPort: 80, hostPort: 80 }] }],
  }),
  'sidecars and init containers': podOf({
    initContainers: [
      { name: 'setup', image: 'busybox' },
      { name: 'proxy', image: 'envoy', restartPolicy: 'Always', securityContext: { runAsUser: 0 } },
    ],
  }),
  'volumes whose names kube-harden would choose': podOf({
    volumes: range(3).map((index): Json => ({ name: `kube-harden-var-cache-nginx-${index}`, emptyDir: {} })),
  }),
  'a mount where kube-harden would mount': podOf(
    {
      containers: [{ name: 'web', image, volumeMounts: [{ name: 'cache', mountPath: '/var/cache/nginx/' }] }],
      volumes: [{ name: 'cache', emptyDir: {} }],
    },
    { 'kube-harden.io/writable-paths': '/var/cache/nginx, /var/cache, /tmp/x=1Gi, ../y' },
  ),
  'a block device where kube-harden would mount': podOf(
    {
      containers: [{ name: 'web', image, volumeDevices: [{ name: 'disk', devicePath: '/dev/disk' }] }],
      volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }],
    },
    { 'kube-harden.io/writable-paths': '/dev, /dev/disk, /data' },
  ),
  'a hundred volumes': podOf({
    containers: [
      {
        name: 'web',
        image,
        volumeMounts: range(100).map((index): Json => ({ name: `v${index}`, mountPath: `/data/${index}` })),
      },
    ],
    volumes: range(100).map((index): Json => ({ name: `v${index}`, emptyDir: {} })),
  }),
  'names at the limit of their length': podOf(
    { containers: [{ name: longest, image }], volumes: [{ name: longest, emptyDir: {} }] },
    { [`writable-paths.kube-harden.io/${longest}`]: `/${longest}/${longest}/${longest}` },
  ),
  'annotations at the limit of their size': podOf({}, { big: 'x'.repeat(256 * 1024 - 10) }),
};
