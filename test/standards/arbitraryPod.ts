import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Level, PssVersion } from '../../src/standards/evaluate.ts';

// Random pods that Kubernetes can decode, rich in what the checks of the Pod Security Standards read: values on both
// sides of each rule, empty and null ones, and text that is hard to sort or to quote.

const names = ['a', 'b', 'web', 'init', 'sidecar', '', 'say "hi"', 'ünï', '\uff5e', '\u{1f600}', 'Z'];
const hosts = ['', '127.0.0.1', 'localhost', 'example.com', '::1', '169.254.169.254', '\uff5e', '\u{1f600}'];

const capabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
  'NET_RAW',
  'SYS_ADMIN',
  'ALL',
  'all',
  'CAP_CHOWN',
  '',
];

const profileTypes = ['RuntimeDefault', 'Localhost', 'Unconfined', '', 'runtime/default'];

const sysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
  'net.ipv4.tcp_slow_start_after_idle',
  'net.ipv4.tcp_notsent_lowat',
  'net/ipv4/tcp_syncookies',
  'net.core.somaxconn',
  'kernel.msgmax',
  '',
];

const allowedVolumes = [
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

const otherVolumes = [
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
  'someFutureType',
];

const annotationKeys = [
  'seccomp.security.alpha.kubernetes.io/pod',
  ...names.map((name) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ...names.map((name) => `container.apparmor.security.beta.kubernetes.io/${name}`),
  'container.apparmor.security.beta.kubernetes.io',
  'example.com/unconfined',
];

const annotationValues = [
  'runtime/default',
  'docker/default',
  'localhost/',
  'localhost/profile.json',
  'localhost',
  'unconfined',
  'Runtime/Default',
  '',
  'a "quoted" \\ value',
  'tab\tnewline\nreturn\rbell\u0007vertical\vform\fback\bescape\u001bdelete\u007f',
  'no-break\u00a0soft\u00adhyphen zero\u200bwidth line\u2028separator',
  'ünïcödé \u{1f600} \u{e0001} \ue000 \ufffd \uffff \ud800',
];

/** Absent, null, or a value: the two first must be the same to every check, except in lists. */
function nullable(value: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });
}

function object(fields: Readonly<Record<string, fc.Arbitrary<Json>>>): fc.Arbitrary<JsonObject> {
  const nullableFields = Object.entries(fields).map(([key, value]) => [key, nullable(value)]);
  const record = fc.record(Object.fromEntries(nullableFields), { requiredKeys: [], noNullPrototype: true });
  // A key that is not required is left out, never undefined.
  return record as fc.Arbitrary<JsonObject>;
}

function list(item: fc.Arbitrary<Json>, maxLength: number): fc.Arbitrary<Json> {
  return fc.array(nullable(item), { maxLength });
}

function oneOf(values: readonly string[]): fc.Arbitrary<Json> {
  return fc.constantFrom(...values);
}

/** Mostly the first value, so that pods come close to the strict levels often enough. */
function mostly(value: Json, otherwise: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: otherwise });
}

const profile = object({ type: mostly('RuntimeDefault', oneOf(profileTypes)) });

const seLinuxOptions = object({
  type: mostly(
    'container_t',
    oneOf(['', 'container_init_t', 'container_kvm_t', 'container_engine_t', 'spc_t', 'Container_t', '\uff5e']),
  ),
  user: mostly('', oneOf(['system_u'])),
  role: mostly('', oneOf(['system_r'])),
});

const sharedSecurityContext = {
  runAsNonRoot: mostly(true, fc.boolean()),
  runAsUser: mostly(1000, fc.constantFrom<Json>(0, 0, 0, 1, -1, 2 ** 31, Number.MAX_SAFE_INTEGER)),
  seccompProfile: profile,
  appArmorProfile: profile,
  seLinuxOptions,
  windowsOptions: object({ hostProcess: mostly(false, fc.boolean()) }),
};

const podSecurityContext = object({
  ...sharedSecurityContext,
  sysctls: list(object({ name: mostly('net.ipv4.tcp_syncookies', oneOf(sysctls)) }), 4),
});

const compliantSecurityContext: Json = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const containerSecurityContext = fc.oneof(
  fc.constant(compliantSecurityContext),
  object({
    ...sharedSecurityContext,
    allowPrivilegeEscalation: mostly(false, fc.boolean()),
    privileged: mostly(false, fc.boolean()),
    procMount: mostly('Default', oneOf(['Unmasked', '', 'default'])),
    capabilities: object({
      add: list(mostly('NET_BIND_SERVICE', oneOf(capabilities)), 3),
      drop: list(mostly('ALL', oneOf(capabilities)), 3),
    }),
  }),
);

const handler = object({
  httpGet: object({
    host: mostly('', oneOf(hosts)),
  }),
  tcpSocket: object({ host: mostly('', oneOf(hosts)) }),
});

const port = object({
  containerPort: fc.constantFrom<Json>(80, 8080),
  hostPort: mostly(0, fc.constantFrom<Json>(80, 443, 8080, 10000, 65535, -1)),
});

const containerFields = {
  name: oneOf(names),
  securityContext: containerSecurityContext,
};

const container = fc.oneof(
  object(containerFields),
  object({
    ...containerFields,
    ports: list(port, 3),
    livenessProbe: handler,
    readinessProbe: handler,
    startupProbe: handler,
    lifecycle: object({ postStart: handler, preStop: handler }),
  }),
);

const volumeType = fc.oneof(
  { weight: 3, arbitrary: oneOf(allowedVolumes) },
  { weight: 2, arbitrary: oneOf(otherVolumes) },
  { weight: 1, arbitrary: fc.constant('hostPath') },
);

const emptySource: Json = {};

const volume = fc
  .tuple(nullable(oneOf(names)), fc.array(volumeType, { maxLength: 2 }), mostly(emptySource, fc.constant(null)))
  .map(([name, types, source]) => ({ name, ...Object.fromEntries(types.map((type) => [String(type), source])) }));

const annotations = fc
  .array(fc.tuple(oneOf(annotationKeys), nullable(oneOf(annotationValues))), { maxLength: 4 })
  .map((entries) => Object.fromEntries(entries) as JsonObject);

const os = object({ name: oneOf(['windows', 'linux', 'Windows', '']) });

export const arbitraryPod: fc.Arbitrary<JsonObject> = object({
  metadata: object({ name: oneOf(names), annotations: fc.oneof(fc.constant<Json>({}), annotations) }),
  spec: fc
    .tuple(
      fc.constantFrom<Json>([{ name: 'a', securityContext: compliantSecurityContext }]),
      object({
        initContainers: list(container, 2),
        containers: list(container, 3),
        ephemeralContainers: list(container, 2),
        hostNetwork: mostly(false, fc.boolean()),
        hostPID: mostly(false, fc.boolean()),
        hostIPC: mostly(false, fc.boolean()),
        hostUsers: fc.boolean(),
        os: mostly({ name: 'linux' }, os),
        securityContext: podSecurityContext,
        volumes: list(volume, 3),
      }),
    )
    .map(([containers, spec]) => ({ containers, ...spec })),
});

export const arbitraryLevel: fc.Arbitrary<Level> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Level>('baseline', 'restricted') },
  { weight: 1, arbitrary: fc.constant<Level>('privileged') },
);

/** Every version upstream knows, `latest`, and some that are yet to come. */
export const arbitraryVersion: fc.Arbitrary<PssVersion> = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 0, max: 39 }).map((minor): PssVersion => `1.${minor}`) },
  { weight: 2, arbitrary: fc.constant<PssVersion>('latest') },
);
