import { expect } from 'chai';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { checks } from '../../src/standards/checks.ts';
import type { PssVersion } from '../../src/standards/evaluate.ts';
import { evaluatePod } from '../../src/standards/evaluate.ts';

/** A pod, and by version what a check says of it; undefined where it says nothing. */
interface Case {
  readonly check: string;
  readonly what: string;
  readonly pod: JsonObject;
  readonly says: Readonly<Partial<Record<PssVersion, string | undefined>>>;
}

function podOf(spec: JsonObject, annotations: JsonObject = {}): JsonObject {
  return { metadata: { name: 'pod', annotations }, spec };
}

/** A pod with an init container and a regular one, of the same security context. */
function containersWith(securityContext: Json, spec: JsonObject = {}): JsonObject {
  return podOf({
    initContainers: [{ name: 'init', securityContext }],
    containers: [{ name: 'app', securityContext }],
    ...spec,
  });
}

const cases: readonly Case[] = [
  {
    check: 'allowPrivilegeEscalation',
    what: 'containers of every kind, in the order init, regular, ephemeral',
    pod: podOf({
      ephemeralContainers: [{ name: 'debug', securityContext: { allowPrivilegeEscalation: null } }],
      containers: [
        { name: 'app', securityContext: { allowPrivilegeEscalation: true } },
        { name: 'good', securityContext: { allowPrivilegeEscalation: false } },
      ],
      initContainers: [{ name: 'init' }],
    }),
    says: {
      '1.7': undefined,
      '1.8':
        'allowPrivilegeEscalation != false (containers "init", "app", "debug" must set securityContext.allowPrivilegeEscalation=false)',
    },
  },
  {
    check: 'allowPrivilegeEscalation',
    what: 'a Windows pod',
    pod: podOf({ os: { name: 'windows' }, containers: [{ name: 'app' }] }),
    says: {
      '1.24':
        'allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false)',
      '1.25': undefined,
    },
  },
  {
    check: 'appArmorProfile',
    what: 'pod, containers and annotations',
    pod: {
      ...containersWith(
        { appArmorProfile: { type: 'Unconfined' } },
        { securityContext: { appArmorProfile: { localhostProfile: 'x' } } },
      ),
      metadata: {
        annotations: {
          'container.apparmor.security.beta.kubernetes.io/b': 'un"con\tfined',
          'container.apparmor.security.beta.kubernetes.io/a': 'unconfined',
          'container.apparmor.security.beta.kubernetes.io/c': 'localhost/profile',
          'container.apparmor.security.beta.kubernetes.io/d': '',
          'container.apparmor.security.beta.kubernetes.io/e': 'runtime/default',
        },
      },
    },
    says: {
      '1.0':
        'forbidden AppArmor profiles (pod and containers "init", "app" and annotations must not set AppArmor profile type to "", "Unconfined", "container.apparmor.security.beta.kubernetes.io/a="unconfined"", "container.apparmor.security.beta.kubernetes.io/b="un\\"con\\tfined"")',
    },
  },
  {
    check: 'appArmorProfile',
    what: 'one container',
    pod: podOf({ containers: [{ name: 'app', securityContext: { appArmorProfile: { type: 'Unconfined' } } }] }),
    says: {
      latest: 'forbidden AppArmor profile (container "app" must not set AppArmor profile type to "Unconfined")',
    },
  },
  {
    check: 'appArmorProfile',
    what: 'allowed profiles',
    pod: containersWith(
      { appArmorProfile: { type: 'Localhost' } },
      { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
    ),
    says: { latest: undefined },
  },
  {
    check: 'capabilities_baseline',
    what: 'capabilities sorted, each once',
    pod: containersWith({ capabilities: { add: ['SYS_TIME', 'CHOWN', 'NET_RAW', 'chown'] } }),
    says: {
      '1.0':
        'non-default capabilities (containers "init", "app" must not include "NET_RAW", "SYS_TIME", "chown" in securityContext.capabilities.add)',
    },
  },
  {
    check: 'capabilities_baseline',
    what: 'all that runtimes grant by default',
    pod: containersWith({
      capabilities: {
        add: [
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
        ],
      },
    }),
    says: { '1.0': undefined, latest: undefined },
  },
  {
    check: 'capabilities_restricted',
    what: 'not dropping ALL and adding others',
    pod: podOf({
      containers: [
        {
          name: 'a',
          securityContext: { capabilities: { drop: ['all', 'CAP_ALL'], add: ['CHOWN', 'NET_BIND_SERVICE'] } },
        },
        { name: 'b', securityContext: { capabilities: { drop: ['NET_RAW', 'ALL'], add: ['NET_BIND_SERVICE'] } } },
        { name: 'c' },
      ],
    }),
    says: {
      '1.21': undefined,
      '1.22':
        'unrestricted capabilities (containers "a", "c" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "CHOWN" in securityContext.capabilities.add)',
    },
  },
  {
    check: 'capabilities_restricted',
    what: 'a Windows pod',
    pod: podOf({ os: { name: 'windows' }, containers: [{ name: 'app' }] }),
    says: {
      '1.24': 'unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"])',
      '1.25': undefined,
    },
  },
  {
    check: 'hostNamespaces',
    what: 'all three',
    pod: podOf({ hostIPC: true, hostPID: true, hostNetwork: true }),
    says: { '1.0': 'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)' },
  },
  {
    check: 'hostNamespaces',
    what: 'none',
    pod: podOf({ hostIPC: false, hostPID: null }),
    says: { latest: undefined },
  },
  {
    check: 'hostPathVolumes',
    what: 'two volumes',
    pod: podOf({
      volumes: [
        { name: 'b', hostPath: {} },
        { name: 'c', hostPath: null },
        { name: 'a', hostPath: {} },
      ],
    }),
    says: { '1.0': 'hostPath volumes (volumes "b", "a")' },
  },
  {
    check: 'hostPathVolumes',
    what: 'one volume',
    pod: podOf({ volumes: [{ name: 'a', hostPath: {} }] }),
    says: { latest: 'hostPath volumes (volume "a")' },
  },
  {
    check: 'hostPorts',
    what: 'ports sorted as text',
    pod: podOf({
      containers: [
        { name: 'a', ports: [{ hostPort: 8080 }, { hostPort: 443 }, { hostPort: 0 }] },
        { name: 'b', ports: [{ hostPort: 10000 }, { hostPort: 8080 }] },
        { name: 'c', ports: [{ containerPort: 80 }] },
      ],
    }),
    says: { '1.0': 'hostPort (containers "a", "b" use hostPorts 10000, 443, 8080)' },
  },
  {
    check: 'hostPorts',
    what: 'one port',
    pod: podOf({ containers: [{ name: 'a', ports: [{ hostPort: 80 }] }] }),
    says: { latest: 'hostPort (container "a" uses hostPort 80)' },
  },
  {
    check: 'hostProbesAndHostLifecycle',
    what: 'every probe and handler',
    pod: podOf({
      containers: [
        {
          name: 'b',
          livenessProbe: { httpGet: { host: 'h5' } },
          readinessProbe: { tcpSocket: { host: 'h4' } },
          startupProbe: { httpGet: { host: 'h3' } },
          lifecycle: { postStart: { tcpSocket: { host: 'h2' } }, preStop: { httpGet: { host: 'h1' } } },
        },
        { name: 'a', livenessProbe: { tcpSocket: { host: 'h1' } } },
        { name: 'c', livenessProbe: { httpGet: { host: '', path: '/' } } },
      ],
    }),
    says: {
      '1.33': undefined,
      '1.34': 'probe or lifecycle host (containers "a", "b" use probe or lifecycle hosts "h1", "h2", "h3", "h4", "h5")',
    },
  },
  {
    check: 'hostProbesAndHostLifecycle',
    what: 'one host',
    pod: podOf({ containers: [{ name: 'a', readinessProbe: { httpGet: { host: '127.0.0.1' } } }] }),
    says: { latest: 'probe or lifecycle host (container "a" uses probe or lifecycle host "127.0.0.1")' },
  },
  {
    check: 'privileged',
    what: 'two containers',
    pod: containersWith({ privileged: true }),
    says: { '1.0': 'privileged (containers "init", "app" must not set securityContext.privileged=true)' },
  },
  {
    check: 'procMount',
    what: 'Unmasked in a user namespace',
    pod: containersWith({ procMount: 'Unmasked' }, { hostUsers: false }),
    says: {
      '1.34': 'procMount (containers "init", "app" must not set securityContext.procMount to "Unmasked")',
      '1.35': undefined,
    },
  },
  {
    check: 'procMount',
    what: 'Unmasked without a user namespace',
    pod: containersWith({ procMount: 'Unmasked' }),
    says: {
      '1.34': 'procMount (containers "init", "app" must not set securityContext.procMount to "Unmasked")',
      '1.35': 'procMount (containers "init", "app" must not set securityContext.procMount to "Unmasked")',
    },
  },
  {
    check: 'procMount_restricted',
    what: 'Unmasked in a user namespace',
    pod: containersWith({ procMount: 'Unmasked' }, { hostUsers: false }),
    says: {
      '1.34': undefined,
      '1.35': 'procMount (containers "init", "app" must not set securityContext.procMount to "Unmasked")',
    },
  },
  {
    check: 'restrictedVolumes',
    what: 'restricted and unknown types',
    pod: podOf({
      volumes: [
        { name: 'a', nfs: {} },
        { name: 'b', hostPath: {}, nfs: {} },
        { name: 'c', someFutureType: {} },
        { name: 'd', emptyDir: {} },
      ],
    }),
    says: {
      '1.0': 'restricted volume types (volumes "a", "b", "c" use restricted volume types "hostPath", "nfs", "unknown")',
    },
  },
  {
    check: 'restrictedVolumes',
    what: 'each allowed type',
    pod: podOf({
      volumes: [
        { name: 'a', configMap: {} },
        { name: 'b', csi: {} },
        { name: 'c', downwardAPI: {} },
        { name: 'd', emptyDir: {} },
        { name: 'e', ephemeral: {} },
        { name: 'f', image: {} },
        { name: 'g', persistentVolumeClaim: {} },
        { name: 'h', projected: {} },
        { name: 'i', secret: {} },
      ],
    }),
    says: { '1.0': undefined, latest: undefined },
  },
  {
    check: 'restrictedVolumes',
    what: 'each restricted type',
    pod: podOf({
      volumes: [
        { name: 'v', awsElasticBlockStore: {} },
        { name: 'v', azureDisk: {} },
        { name: 'v', azureFile: {} },
        { name: 'v', cephfs: {} },
        { name: 'v', cinder: {} },
        { name: 'v', fc: {} },
        { name: 'v', flexVolume: {} },
        { name: 'v', flocker: {} },
        { name: 'v', gcePersistentDisk: {} },
        { name: 'v', gitRepo: {} },
        { name: 'v', glusterfs: {} },
        { name: 'v', hostPath: {} },
        { name: 'v', iscsi: {} },
        { name: 'v', nfs: {} },
        { name: 'v', photonPersistentDisk: {} },
        { name: 'v', portworxVolume: {} },
        { name: 'v', quobyte: {} },
        { name: 'v', rbd: {} },
        { name: 'v', scaleIO: {} },
        { name: 'v', storageos: {} },
        { name: 'v', vsphereVolume: {} },
      ],
    }),
    says: {
      '1.0':
        'restricted volume types (volumes "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "v" use restricted volume types "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume")',
    },
  },
  {
    check: 'restrictedVolumes',
    what: 'one volume',
    pod: podOf({ volumes: [{ name: 'a', gitRepo: {} }] }),
    says: { latest: 'restricted volume types (volume "a" uses restricted volume type "gitRepo")' },
  },
  {
    check: 'restrictedVolumes',
    what: 'a volume of no type, which the API server makes an emptyDir',
    pod: podOf({ volumes: [{ name: 'a' }, { name: 'b', hostPath: null }] }),
    says: { latest: undefined },
  },
  {
    check: 'runAsNonRoot',
    what: 'false on pod and container, though others are silent',
    pod: podOf({
      securityContext: { runAsNonRoot: false },
      containers: [{ name: 'a', securityContext: { runAsNonRoot: false } }, { name: 'b' }],
    }),
    says: {
      '1.0': 'runAsNonRoot != true (pod and container "a" must not set securityContext.runAsNonRoot=false)',
    },
  },
  {
    check: 'runAsNonRoot',
    what: 'false on the pod, true on each container',
    pod: containersWith({ runAsNonRoot: true }, { securityContext: { runAsNonRoot: false } }),
    says: { latest: 'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)' },
  },
  {
    check: 'runAsNonRoot',
    what: 'silence, in a user namespace',
    pod: containersWith({}, { hostUsers: false }),
    says: {
      '1.34': 'runAsNonRoot != true (pod or containers "init", "app" must set securityContext.runAsNonRoot=true)',
      '1.35': undefined,
    },
  },
  {
    check: 'runAsNonRoot',
    what: 'true on the pod alone',
    pod: containersWith({}, { securityContext: { runAsNonRoot: true } }),
    says: { latest: undefined },
  },
  {
    check: 'runAsUser',
    what: '0 on pod and containers, in a user namespace',
    pod: containersWith({ runAsUser: 0 }, { hostUsers: false, securityContext: { runAsUser: 0 } }),
    says: {
      '1.22': undefined,
      '1.23': 'runAsUser=0 (pod and containers "init", "app" must not set runAsUser=0)',
      '1.34': 'runAsUser=0 (pod and containers "init", "app" must not set runAsUser=0)',
      '1.35': undefined,
    },
  },
  {
    check: 'seLinuxOptions',
    what: 'types, user and role',
    pod: podOf({
      securityContext: { seLinuxOptions: { type: 'spc_t', role: 'system_r' } },
      containers: [
        { name: 'a', securityContext: { seLinuxOptions: { type: 'container_engine_t', user: 'system_u' } } },
        { name: 'b', securityContext: { seLinuxOptions: { type: 'container_t', level: 's0' } } },
      ],
    }),
    says: {
      '1.30':
        'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: types "container_engine_t", "spc_t"; user may not be set; role may not be set)',
      '1.31':
        'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
    },
  },
  {
    check: 'seLinuxOptions',
    what: 'container_engine_t alone',
    pod: containersWith({ seLinuxOptions: { type: 'container_engine_t' } }),
    says: {
      '1.30':
        'seLinuxOptions (containers "init", "app" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
      '1.31': undefined,
    },
  },
  {
    check: 'seccompProfile_baseline',
    what: 'annotations, before there was a field',
    pod: podOf(
      { containers: [{ name: 'a' }, { name: 'b' }] },
      {
        'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
        'container.seccomp.security.alpha.kubernetes.io/a': 'docker/default',
        'container.seccomp.security.alpha.kubernetes.io/b': '',
        'container.seccomp.security.alpha.kubernetes.io/another': 'unconfined',
      },
    ),
    says: {
      '1.18':
        'seccompProfile (forbidden annotations container.seccomp.security.alpha.kubernetes.io/b="", seccomp.security.alpha.kubernetes.io/pod="unconfined")',
      '1.19': undefined,
    },
  },
  {
    check: 'seccompProfile_baseline',
    what: 'Unconfined and an empty profile',
    pod: containersWith({ seccompProfile: { type: 'Unconfined' } }, { securityContext: { seccompProfile: {} } }),
    says: {
      '1.18': undefined,
      '1.19':
        'seccompProfile (pod and containers "init", "app" must not set securityContext.seccompProfile.type to "", "Unconfined")',
    },
  },
  {
    check: 'seccompProfile_restricted',
    what: 'Unconfined on the pod, though its containers say otherwise',
    pod: containersWith(
      { seccompProfile: { type: 'RuntimeDefault' } },
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    ),
    says: {
      '1.18': undefined,
      '1.19': 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    },
  },
  {
    check: 'seccompProfile_restricted',
    what: 'silence',
    pod: podOf({
      containers: [{ name: 'a' }, { name: 'b', securityContext: { seccompProfile: { type: 'Localhost' } } }],
    }),
    says: {
      latest:
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    },
  },
  {
    check: 'seccompProfile_restricted',
    what: 'a Windows pod',
    pod: podOf({ os: { name: 'windows' }, containers: [{ name: 'a' }] }),
    says: {
      '1.24':
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
      '1.25': undefined,
    },
  },
  {
    check: 'sysctls',
    what: 'what each version came to allow',
    pod: podOf({
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.tcp_notsent_lowat' },
          { name: 'net.ipv4.tcp_wmem' },
          { name: 'net.ipv4.tcp_fin_timeout' },
          { name: 'net.ipv4.ip_local_reserved_ports' },
          { name: 'net.ipv4.ip_unprivileged_port_start' },
        ],
      },
    }),
    says: {
      '1.26':
        'forbidden sysctls (net.ipv4.tcp_notsent_lowat, net.ipv4.tcp_wmem, net.ipv4.tcp_fin_timeout, net.ipv4.ip_local_reserved_ports)',
      '1.27': 'forbidden sysctls (net.ipv4.tcp_notsent_lowat, net.ipv4.tcp_wmem, net.ipv4.tcp_fin_timeout)',
      '1.29': 'forbidden sysctls (net.ipv4.tcp_notsent_lowat, net.ipv4.tcp_wmem)',
      '1.32': 'forbidden sysctls (net.ipv4.tcp_notsent_lowat)',
      '1.37': undefined,
    },
  },
  {
    check: 'sysctls',
    what: 'all that are ever allowed',
    pod: podOf({
      securityContext: {
        sysctls: [
          { name: 'kernel.shm_rmid_forced' },
          { name: 'net.ipv4.ip_local_port_range' },
          { name: 'net.ipv4.tcp_syncookies' },
          { name: 'net.ipv4.ping_group_range' },
          { name: 'net.ipv4.ip_unprivileged_port_start' },
          { name: 'net.ipv4.ip_local_reserved_ports' },
          { name: 'net.ipv4.tcp_keepalive_time' },
          { name: 'net.ipv4.tcp_fin_timeout' },
          { name: 'net.ipv4.tcp_keepalive_intvl' },
          { name: 'net.ipv4.tcp_keepalive_probes' },
          { name: 'net.ipv4.tcp_rmem' },
          { name: 'net.ipv4.tcp_wmem' },
          { name: 'net.ipv4.tcp_slow_start_after_idle' },
          { name: 'net.ipv4.tcp_notsent_lowat' },
        ],
      },
    }),
    says: {
      '1.0':
        'forbidden sysctls (net.ipv4.ip_local_reserved_ports, net.ipv4.tcp_keepalive_time, net.ipv4.tcp_fin_timeout, net.ipv4.tcp_keepalive_intvl, net.ipv4.tcp_keepalive_probes, net.ipv4.tcp_rmem, net.ipv4.tcp_wmem, net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_notsent_lowat)',
      '1.31':
        'forbidden sysctls (net.ipv4.tcp_rmem, net.ipv4.tcp_wmem, net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_notsent_lowat)',
      '1.36': 'forbidden sysctls (net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_notsent_lowat)',
      '1.37': undefined,
    },
  },
  {
    check: 'sysctls',
    what: 'one without a name, for which there is no detail',
    pod: podOf({ securityContext: { sysctls: [{ value: '1' }] } }),
    says: { latest: 'forbidden sysctls' },
  },
  {
    check: 'windowsHostProcess',
    what: 'pod and containers',
    pod: containersWith(
      { windowsOptions: { hostProcess: true } },
      { securityContext: { windowsOptions: { hostProcess: true } } },
    ),
    says: {
      '1.0':
        'hostProcess (pod and containers "init", "app" must not set securityContext.windowsOptions.hostProcess=true)',
    },
  },
];

describe('the messages of checks', () => {
  for (const { check, what, pod, says } of cases) {
    for (const [version, message] of Object.entries(says)) {
      it(`${check} at ${version}: ${what}`, () => {
        const level = checks.find(({ id }) => id === check)?.level ?? 'privileged';
        const violations = evaluatePod(pod, level, version as PssVersion);
        expect(violations.find((violation) => violation.check === check)?.message).to.equal(message);
      });
    }
  }

  it('are all told here', () => {
    const told = new Set(cases.map(({ check }) => check));
    expect(checks.map(({ id }) => id).filter((id) => !told.has(id))).to.deep.equal([]);
  });
});
