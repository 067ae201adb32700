import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json/json.ts';

// Random pods that an API server could admit, rich in what the rules read: every setting that stands against a default,
// at both scopes, and volumes, mounts and declarations that meet in odd ways.

export interface ArbitraryContainer extends JsonObject {
  readonly name: string;
}

const uids = fc.constantFrom<Json>(0, 1, 1000, 65532);
const capabilities = fc.constantFrom<Json>(
  'NET_BIND_SERVICE',
  'CHOWN',
  'SYS_ADMIN',
  'CAP_SYS_ADMIN',
  'sys_admin',
  'ALL',
  'all',
  'CAP_ALL',
);
const profiles = fc.constantFrom<Json>(
  { type: 'RuntimeDefault' },
  { type: 'Unconfined' },
  { type: 'Localhost', localhostProfile: 'mine.json' },
);

const mountPaths = ['/tmp', 'tmp', '/tmp/', '//tmp', '/var', '/var/run', '/var/run/app', '/var/cache/nginx', '/data/x'];
const declarable = [...mountPaths, '/', '/proc', '/sys/x', '/a/../b', '/data=64Mi', '/data=much', '/data/x/y=1Gi', ''];
const images = [
  'nginx',
  'nginx:1.29',
  'registry:5000/team/nginx@sha256:00',
  'busybox',
  'example/app',
  '',
  'UPPER/x',
  '::',
];
const volumeNames = ['one', 'two', 'kube-harden-tmp-c0213c8f'];
const containerNames = ['web', 'app', 'sidecar', 'setup', 'a', 'constructor', 'x'.repeat(63)];

/** Sometimes there, sometimes null, which says the same as absent, mostly left out. */
function sparse(fields: Readonly<Record<string, fc.Arbitrary<Json>>>): fc.Arbitrary<JsonObject> {
  const entries = Object.entries(fields).map(([key, value]) =>
    fc
      .oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        { weight: 4, arbitrary: value },
        { weight: 1, arbitrary: fc.constant(null) },
      )
      .map((chosen): [string, Json | undefined] => [key, chosen]),
  );
  return fc
    .tuple(...entries)
    .map((chosen) => Object.fromEntries(chosen.filter(([, value]) => value !== undefined)) as JsonObject);
}

const shared = {
  runAsNonRoot: fc.boolean(),
  runAsUser: uids,
  runAsGroup: uids,
  seccompProfile: profiles,
};

const containerSecurityContext = sparse({
  ...shared,
  allowPrivilegeEscalation: fc.boolean(),
  privileged: fc.boolean(),
  readOnlyRootFilesystem: fc.boolean(),
  procMount: fc.constantFrom<Json>('Default', 'Unmasked'),
  capabilities: sparse({
    add: fc.array(capabilities, { maxLength: 2 }),
    drop: fc.array(capabilities, { maxLength: 2 }),
  }),
  windowsOptions: sparse({ runAsUserName: fc.constantFrom<Json>('ContainerAdministrator', 'ContainerUser') }),
  someFutureField: fc.constant({ keep: ['me'] }),
});

const podSecurityContext = sparse({
  ...shared,
  fsGroup: uids,
  supplementalGroups: fc.array(uids, { maxLength: 2 }),
  sysctls: fc.array(
    fc.constantFrom<Json>(
      { name: 'net.ipv4.tcp_syncookies', value: '1' },
      { name: 'net/ipv4/ip_unprivileged_port_start', value: '80' },
    ),
    { maxLength: 1 },
  ),
  windowsOptions: sparse({ hostProcess: fc.boolean() }),
});

const mounts = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom<Json>(...volumeNames),
    mountPath: fc.constantFrom<Json>(...mountPaths),
    readOnly: fc.boolean() as fc.Arbitrary<Json>,
  }),
  { selector: ({ mountPath }) => mountPath, maxLength: 3 },
);

const containerFields = sparse({
  securityContext: containerSecurityContext,
  ports: fc.array(fc.constantFrom<Json>({ containerPort: 80 }, { containerPort: 8080 }), { maxLength: 2 }),
  volumeMounts: mounts,
  volumeDevices: fc.constant([{ name: 'disk', devicePath: '/var/run/' }]),
  restartPolicy: fc.constant('Always'),
});

const source = fc.constantFrom<JsonObject>(
  { emptyDir: {} },
  { configMap: { name: 'x' } },
  { persistentVolumeClaim: { claimName: 'x', readOnly: true } },
);

const annotations = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'kube-harden.io/writable-paths',
        ...containerNames.map((name) => `writable-paths.kube-harden.io/${name}`),
        'seccomp.security.alpha.kubernetes.io/pod',
        ...containerNames.map((name) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
        '__proto__',
      ),
      fc.array(fc.constantFrom(...declarable, 'runtime/default', 'unconfined'), { maxLength: 4 }),
    ),
    { maxLength: 3 },
  )
  .map((entries) => Object.fromEntries(entries.map(([key, values]) => [key, values.join(', ')])) as JsonObject);

export const arbitraryContainer = fc
  .tuple(fc.constantFrom(...images), containerFields)
  .map(([image, fields]): JsonObject => ({ image, ...fields }));

/** Container names are unique in a pod; so are volume names, and each mount has its volume. */
export const arbitraryPod: fc.Arbitrary<JsonObject> = fc
  .record({
    names: fc.shuffledSubarray(containerNames, { minLength: 1, maxLength: 5 }),
    containers: fc.array(arbitraryContainer, { minLength: 5, maxLength: 5 }),
    firstRegular: fc.nat(2),
    sources: fc.tuple(source, source, source),
    fields: sparse({
      securityContext: podSecurityContext,
      hostNetwork: fc.boolean(),
      hostUsers: fc.boolean(),
      os: fc.constantFrom<Json>({ name: 'windows' }, { name: 'linux' }),
      nodeSelector: fc.constantFrom<Json>({ 'kubernetes.io/os': 'windows' }, { disk: 'ssd' }),
    }),
    metadata: sparse({ labels: fc.constantFrom<Json>({ app: 'legacy' }, { app: 'new' }), annotations }),
  })
  .map(({ names, containers, firstRegular, sources, fields, metadata }) => {
    const named = names.map((name, index): JsonObject => ({ name, ...containers[index] }));
    const split = Math.min(firstRegular, named.length - 1);
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: {
        ...fields,
        ...(split > 0 && { initContainers: named.slice(0, split) }),
        containers: named.slice(split),
        volumes: volumeNames.map((name, index): JsonObject => ({ name, ...sources[index] })),
      },
    };
  });

/** Anything that JSON can say, put where pods have their fields. */
export const arbitraryNonsense: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, -1, 1e308, '', 'x', '__proto__'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(
        fc.tuple(
          fc.constantFrom(
            'metadata',
            'annotations',
            'labels',
            'spec',
            'containers',
            'initContainers',
            'name',
            'image',
            'securityContext',
            'capabilities',
            'add',
            'drop',
            'volumes',
            'volumeMounts',
            'mountPath',
            'sysctls',
            'ports',
            'runAsUser',
            'privileged',
            '__proto__',
            'constructor',
            'kube-harden.io/added',
          ),
          tie('value'),
        ),
        { maxLength: 6 },
      )
      .map(
        (entries) =>
          JSON.parse(
            `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`,
          ) as Json,
      ),
  ),
})).value;
