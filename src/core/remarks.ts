import { containerKey } from './decisions/added.ts';
import type { ContainerScope, Decision } from './decisions/decision.ts';

/** What a person should know of a container besides what was decided: something that only its image can tell. */
export interface Remark {
  readonly about: 'imageUser' | 'noWritablePath';
  readonly where: ContainerScope;
}

/** Finds what may keep a container from working although nothing that it says stands against what was added. */
export function findRemarks(decisions: readonly Decision[]): readonly Remark[] {
  const writing = containersWithWritablePath(decisions);
  return decisions.flatMap((decision): readonly Remark[] => {
    if (decision.action !== 'added') return [];
    const { rule, where, dependsOnImage = [] } = decision;
    const remarks = dependsOnImage.map((container): Remark => ({ about: 'imageUser', where: container }));
    if (rule === 'readOnlyRootFilesystem' && where.scope === 'container' && !writing.has(containerKey(where))) {
      remarks.push({ about: 'noWritablePath', where });
    }
    return remarks;
  });
}

function containersWithWritablePath(decisions: readonly Decision[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { rule, where } of decisions) {
    if (rule === 'writablePaths' && where.scope === 'container') keys.add(containerKey(where));
  }
  return keys;
}
