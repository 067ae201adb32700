// Rule: only kernel parameters that concern the pod alone are set. Baseline.
// Fields: spec.securityContext.sysctls[*].name must be one of those below.
// Versions: 1.0+; more are allowed from 1.27, 1.29, 1.32 and 1.37 on.
// Source: k8s.io/pod-security-admission, policy/check_sysctls.go

import { objectItems, stringField } from '../../core/json/fields.ts';
import type { Pod } from '../../core/pod/pod.ts';
import type { Check, Evaluate, Refusal } from '../check.ts';

const since0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_syncookies',
];
const since27 = [...since0, 'net.ipv4.ip_local_reserved_ports'];
const since29 = [
  ...since27,
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
];
const since32 = [...since29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const since37 = [...since32, 'net.ipv4.tcp_notsent_lowat', 'net.ipv4.tcp_slow_start_after_idle'];

export const sysctls: Check = {
  id: 'sysctls',
  level: 'baseline',
  versions: [
    { minimumMinor: 0, evaluate: refuseBeyond(since0) },
    { minimumMinor: 27, evaluate: refuseBeyond(since27) },
    { minimumMinor: 29, evaluate: refuseBeyond(since29) },
    { minimumMinor: 32, evaluate: refuseBeyond(since32) },
    { minimumMinor: 37, evaluate: refuseBeyond(since37) },
  ],
};

function refuseBeyond(allowed: readonly string[]): Evaluate {
  return (pod: Pod): Refusal | undefined => {
    const forbidden = objectItems(pod.securityContext, 'sysctls')
      .map((sysctl) => stringField(sysctl, 'name') ?? '')
      .filter((name) => !allowed.includes(name));
    return forbidden.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: forbidden.join(', ') };
  };
}
