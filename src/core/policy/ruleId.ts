/**
 * The rules' names, in the order in which they decide. A name is at once the rule's file, its key in a policy, its
 * fixtures' folder and, but for the last two, Kubernetes' own field.
 */
export const ruleIds = [
  'seccompProfile',
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'fsGroup',
  'supplementalGroups',
  'allowPrivilegeEscalation',
  'capabilities',
  'readOnlyRootFilesystem',
  'writablePaths',
  'lowPorts',
] as const;

export type RuleId = (typeof ruleIds)[number];
