import type { Rule } from './decisions/rule.ts';
import { allowPrivilegeEscalation } from './rules/allowPrivilegeEscalation.ts';
import { capabilities } from './rules/capabilities.ts';
import { fsGroup } from './rules/fsGroup.ts';
import { lowPorts } from './rules/lowPorts.ts';
import { readOnlyRootFilesystem } from './rules/readOnlyRootFilesystem.ts';
import { runAsGroup } from './rules/runAsGroup.ts';
import { runAsNonRoot } from './rules/runAsNonRoot.ts';
import { runAsUser } from './rules/runAsUser.ts';
import { seccompProfile } from './rules/seccompProfile.ts';
import { supplementalGroups } from './rules/supplementalGroups.ts';
import { writablePaths } from './rules/writablePaths.ts';

/** Every rule, in the order in which they decide: a later one may build on what an earlier one decided. */
export const rules: readonly Rule[] = [
  seccompProfile,
  runAsUser,
  runAsGroup,
  runAsNonRoot,
  fsGroup,
  supplementalGroups,
  allowPrivilegeEscalation,
  capabilities,
  readOnlyRootFilesystem,
  writablePaths,
  lowPorts,
];
