import type { Check } from './check.ts';
import { allowPrivilegeEscalation } from './checks/allowPrivilegeEscalation.ts';
import { appArmorProfile } from './checks/appArmorProfile.ts';
import { capabilitiesBaseline } from './checks/capabilities_baseline.ts';
import { capabilitiesRestricted } from './checks/capabilities_restricted.ts';
import { hostNamespaces } from './checks/hostNamespaces.ts';
import { hostPathVolumes } from './checks/hostPathVolumes.ts';
import { hostPorts } from './checks/hostPorts.ts';
import { hostProbesAndHostLifecycle } from './checks/hostProbesAndHostLifecycle.ts';
import { privileged } from './checks/privileged.ts';
import { procMount } from './checks/procMount.ts';
import { procMountRestricted } from './checks/procMount_restricted.ts';
import { restrictedVolumes } from './checks/restrictedVolumes.ts';
import { runAsNonRoot } from './checks/runAsNonRoot.ts';
import { runAsUser } from './checks/runAsUser.ts';
import { seccompProfileBaseline } from './checks/seccompProfile_baseline.ts';
import { seccompProfileRestricted } from './checks/seccompProfile_restricted.ts';
import { seLinuxOptions } from './checks/seLinuxOptions.ts';
import { sysctls } from './checks/sysctls.ts';
import { windowsHostProcess } from './checks/windowsHostProcess.ts';

/** Every check of the Pod Security Standards, in the order in which the API server reports them. */
export const checks: readonly Check[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfileBaseline,
  sysctls,
  windowsHostProcess,
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfileRestricted,
];
