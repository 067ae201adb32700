import type { ContainerScope, Decision } from './decisions/decision.ts';

/** What a person should know of a container besides what was decided: something that only its image can tell. */
export interface Remark {
  readonly about: 'imageUser' | 'noWritablePath';
  readonly where: ContainerScope;
}

/** Finds what may keep a container from working although nothing that it says stands against what was added. */
export function findRemarks(decisions: readonly Decision[]): readonly Remark[] {
  return decisions.flatMap((decision): readonly Remark[] => {
    if (decision.action !== 'added') return [];
    const { rule, where, dependsOnImage = [] } = decision;
    const remarks = dependsOnImage.map((container): Remark => ({ about: 'imageUser', where: container }));
    if (rule === 'readOnlyRootFilesystem' && where.scope === 'container' && !hasWritablePath(where, decisions)) {
      remarks.push({ about: 'noWritablePath', where });
    }
    return remarks;
  });
}

function hasWritablePath({ list, index }: ContainerScope, decisions: readonly Decision[]): boolean {
  return decisions.some(
    ({ rule, where }) =>
      rule === 'writablePaths' && where.scope === 'container' && where.list === list && where.index === index,
  );
}
