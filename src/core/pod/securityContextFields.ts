/**
 * At which scope each security context field lives.
 *
 * Source: k8s.io/api core/v1, `PodSecurityContext` and `SecurityContext`.
 */

/** Fields that pods alone have. */
export const podOnlyFields: readonly string[] = [
  'fsGroup',
  'fsGroupChangePolicy',
  'seLinuxChangePolicy',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'sysctls',
];

/** Fields that containers alone have. */
export const containerOnlyFields: readonly string[] = [
  'allowPrivilegeEscalation',
  'capabilities',
  'privileged',
  'procMount',
  'readOnlyRootFilesystem',
];

/** Fields that both have; the container's wins, field by field. */
export const sharedFields: readonly string[] = [
  'appArmorProfile',
  'runAsGroup',
  'runAsNonRoot',
  'runAsUser',
  'seLinuxOptions',
  'seccompProfile',
  'windowsOptions',
];
