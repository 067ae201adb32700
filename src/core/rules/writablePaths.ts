/**
 * writablePaths: a program whose root filesystem is read-only still has to write somewhere. Each path that the policy
 * knows for the image, or that the pod's author declares, becomes an emptyDir of its own.
 *
 * Fields: `spec.volumes` and each container's `volumeMounts`; the pod's annotations `kube-harden.io/writable-paths` and
 * `writable-paths.kube-harden.io/<container>` declare.
 *
 * Withheld: a path below a read-only mount, where the mount point could not be made; one that is a block device's; a
 * declared path that is no good. A mount at or above the path is the author's own decision; so is a root filesystem
 * that is left writable.
 *
 * Source: k8s.io/kubernetes pkg/apis/core/validation, `ValidateVolumeMounts`; containerd, `WithMounts`.
 */
import { findAdded, isAddedFor } from '../decisions/added.ts';
import type { Decision } from '../decisions/decision.ts';
import { entryName } from '../decisions/fieldName.ts';
import type { Rule, Subject } from '../decisions/rule.ts';
import { isExcepted, podScope, scopeOf } from '../decisions/rule.ts';
import type { TakenNames } from '../decisions/volumeName.ts';
import { nameVolume, takeNames } from '../decisions/volumeName.ts';
import type { Declarations } from '../decisions/writablePathDeclarations.ts';
import { readDeclarations } from '../decisions/writablePathDeclarations.ts';
import type { JsonObject } from '../json/json.ts';
import type { Mount } from '../pod/mounts.ts';
import { readMounts, readOnlyVolumes, walkMounts } from '../pod/mounts.ts';
import type { Place } from '../pod/path.ts';
import { cleanPath, compareOrder, locate, resolveRun } from '../pod/path.ts';
import type { Container } from '../pod/pod.ts';
import { isEphemeral } from '../pod/pod.ts';
import { matchImage } from '../policy/imagePattern.ts';
import type { WritablePath } from '../policy/policy.ts';

const rule = 'writablePaths';

/**
 * So many emptyDirs are added to a pod at most. Each is some three hundred bytes with its mount and its record, and the
 * API server takes an object of a megabyte and a half: a pod must not become too large by what it declares.
 */
const mostVolumes = 500;

/**
 * So many paths of containers are looked at in a pod. A hundred declared paths of ten thousand containers would be a
 * million decisions; a pod that runs has some hundred.
 */
const mostContainerPaths = 10_000;

/** What containers share: the pod's volumes, with those that were added so far. */
interface Work {
  readonly subject: Subject;
  readonly declared: Declarations;
  readonly hasReadOnlyRoot: (container: Container) => boolean;
  readonly readOnlyNames: ReadonlySet<unknown>;
  readonly taken: TakenNames;
  /** What the policy knows of each image: many containers may have the same. */
  readonly known: Map<string, readonly WritablePath[]>;
  /** By path. */
  readonly places: Map<string, Place>;
  added: number;
}

export const writablePaths: Rule = {
  id: rule,
  decide: (subject, earlier) => {
    if (!subject.podLevelIsOpen || subject.pod.isWindows || subject.pod.isHostProcess) return [];
    const declared = readDeclarations(subject.pod, subject.policy);
    const made = findAdded(earlier, ['readOnlyRootFilesystem']);
    const work: Work = {
      subject,
      declared,
      hasReadOnlyRoot: (container) =>
        container.securityContext['readOnlyRootFilesystem'] === true || isAddedFor(made, container),
      readOnlyNames: readOnlyVolumes(subject.pod),
      taken: takeNames(subject.pod.volumes.map(({ name }) => name)),
      known: new Map(),
      places: new Map(),
      added: 0,
    };
    const decisions: Decision[] = [...declared.refused];
    let looked = 0;
    for (const container of subject.containers) {
      const wanted = wantedPaths(work, container);
      looked += wanted.length;
      if (looked > mostContainerPaths) return [...decisions, tooManyContainerPaths(container)];
      for (const decision of decideForContainer(work, container, wanted)) decisions.push(decision);
    }
    return decisions;
  },
};

/** None of the containers from this one on is looked at. */
function tooManyContainerPaths(container: Container): Decision {
  const about = { rule, field: 'volumeMounts', where: scopeOf(container) } as const;
  return { ...about, action: 'withheld', reason: 'tooManyContainerPaths', detail: String(mostContainerPaths) };
}

/** A path that a container has to write to. */
interface Wanted extends Place {
  readonly sizeLimit: string | undefined;
}

/**
 * The paths that a container has to write to, each once: what its own annotation says, then the pod's, then what the
 * policy knows of its image. Of two that name the same path the first one's size limit counts.
 */
function wantedPaths({ subject, known: byImage, places, declared }: Work, container: Container): readonly Wanted[] {
  if (isEphemeral(container)) return [];
  const wanted = new Map<string, Wanted>();
  const known = byImage.get(container.image) ?? matchImage(subject.policy.writablePaths, container.image).flat();
  byImage.set(container.image, known);
  const { paths } = declared;
  for (const { path, sizeLimit } of [...(paths.get(container.name) ?? []), ...(paths.get('') ?? []), ...known]) {
    // Paths may be long, and containers have them in common.
    const located = places.get(path) ?? locate(path);
    places.set(path, located);
    if (!wanted.has(located.place)) wanted.set(located.place, { ...located, sizeLimit });
  }
  // Sorted, a path comes after the ones above it, so that one mount can serve both.
  return [...wanted.values()].sort(compareOrder);
}

function decideForContainer(work: Work, container: Container, wanted: readonly Wanted[]): readonly Decision[] {
  const { subject } = work;
  const where = scopeOf(container);
  if (wanted.length === 0) return [];
  if (!work.hasReadOnlyRoot(container)) {
    if (container.securityContext['readOnlyRootFilesystem'] !== false) return [];
    return wanted.map(({ path }) => kept(path, where, 'writableRoot'));
  }
  if (isExcepted(subject, rule, container)) {
    return wanted.map(({ path }): Decision => ({ ...at(path, where), action: 'withheld', reason: 'exception' }));
  }
  return mountPaths(work, container, wanted);
}

function mountPaths(work: Work, container: Container, wanted: readonly Wanted[]): readonly Decision[] {
  const where = scopeOf(container);
  const walk = walkMounts(readMounts(container, work.readOnlyNames));
  const devices = new Set(container.devicePaths.map((path) => resolveRun(cleanPath(path))));
  const ours = new Set<Mount>();
  const decisions: Decision[] = [];
  for (const each of wanted) {
    const { path, place, sizeLimit } = each;
    const nearest = walk.goTo(each);
    if (devices.has(place)) {
      decisions.push({ ...at(path, where), action: 'withheld', reason: 'deviceAtPath' });
    } else if (nearest !== undefined) {
      decisions.push(ours.has(nearest) ? kept(path, where, 'coveredByParent') : leaveToMount(nearest, each, where));
    } else if (work.added === mostVolumes) {
      decisions.push({ ...at(path, where), action: 'withheld', reason: 'tooManyVolumes', detail: String(mostVolumes) });
      // Nor for any other path: a decision for each would be as large as what is withheld.
      break;
    } else {
      // The runtime mounts what has the fewest segments first: `/var/run` comes after what an author mounts at
      // `/run/app` and would hide it. `/run` is the same place and comes before.
      decisions.push(...mountEmptyDir(work, container, walk.isNamedBelow(place) ? place : path, sizeLimit));
      const mount = { ...each, isReadOnly: false };
      walk.enter(mount);
      ours.add(mount);
    }
  }
  return decisions;
}

function mountEmptyDir(
  work: Work,
  container: Container,
  path: string,
  sizeLimit: string | undefined,
): readonly Decision[] {
  const name = nameVolume(container.name, path, work.taken);
  work.added += 1;
  const emptyDir: JsonObject = sizeLimit === undefined ? {} : { sizeLimit };
  const mountPointer = ['spec', container.list, String(container.index), 'volumeMounts', '-'];
  return [
    {
      rule,
      field: entryName('volumes', name),
      where: podScope,
      action: 'added',
      path: ['spec', 'volumes', '-'],
      value: { name, emptyDir },
    },
    { ...at(path, scopeOf(container)), action: 'added', path: mountPointer, value: { name, mountPath: path } },
  ];
}

function leaveToMount(mount: Mount, { path, place }: Place, where: Decision['where']): Decision {
  if (mount.place === place) return kept(path, where, 'mounted');
  if (!mount.isReadOnly) return kept(path, where, 'alreadyWritable');
  return { ...at(path, where), action: 'withheld', reason: 'underReadOnlyMount', detail: mount.path };
}

function at(path: WritablePath['path'], where: Decision['where']) {
  return { rule, field: entryName('volumeMounts', path), where } as const;
}

function kept(
  path: string,
  where: Decision['where'],
  reason: 'mounted' | 'alreadyWritable' | 'coveredByParent' | 'writableRoot',
): Decision {
  return { ...at(path, where), action: 'kept', reason };
}
