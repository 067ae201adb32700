import { containerKey } from './decisions/added.ts';
import type { ContainerScope, Decision } from './decisions/decision.ts';

/** What a person should know of a container besides what was decided: something that only its image can tell. */
export type Remark =
  | { readonly about: 'imageUser' | 'noWritablePath'; readonly where: ContainerScope }
  | {
      /** It runs as root, and is not as mighty as its program may think. */
      readonly about: 'rootWithoutCapabilities';
      readonly where: ContainerScope;
      /** What it has no capability for any more. */
      readonly lost: readonly string[];
    };

/** Finds what may keep a container from working although nothing that it says stands against what was added. */
export function findRemarks(decisions: readonly Decision[]): readonly Remark[] {
  const writing = containersWithWritablePath(decisions);
  const portsAreOpen = decisions.some(({ rule, action }) => rule === 'lowPorts' && action === 'added');
  return decisions.flatMap((decision): readonly Remark[] => {
    if (decision.action !== 'added') return [];
    const { rule, where, dependsOnImage = [], takenFromRoot = [] } = decision;
    const remarks: Remark[] = dependsOnImage.map((container): Remark => ({ about: 'imageUser', where: container }));
    if (rule === 'readOnlyRootFilesystem' && where.scope === 'container' && !writing.has(containerKey(where))) {
      remarks.push({ about: 'noWritablePath', where });
    }
    const lost = takenFromRoot.filter((name) => !(name === 'NET_BIND_SERVICE' && portsAreOpen));
    if (lost.length > 0 && where.scope === 'container') remarks.push({ about: 'rootWithoutCapabilities', where, lost });
    return remarks;
  });
}

function containersWithWritablePath(decisions: readonly Decision[]): ReadonlySet<number> {
  const keys = new Set<number>();
  for (const { rule, where } of decisions) {
    if (rule === 'writablePaths' && where.scope === 'container') keys.add(containerKey(where));
  }
  return keys;
}
