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
import type { Decision } from '../decisions/decision.ts';
import { entryName } from '../decisions/fieldName.ts';
import type { Rule, Subject } from '../decisions/rule.ts';
import { isExcepted, podScope, scopeOf } from '../decisions/rule.ts';
import { nameVolume } from '../decisions/volumeName.ts';
import type { Declarations } from '../decisions/writablePathDeclarations.ts';
import { readDeclarations } from '../decisions/writablePathDeclarations.ts';
import type { JsonObject } from '../json/json.ts';
import { cleanPath, isAtOrBelow, resolveRun } from '../pod/path.ts';
import type { Container, Pod } from '../pod/pod.ts';
import { isEphemeral, isReadOnlyVolume } from '../pod/pod.ts';
import { matchImage } from '../policy/imagePattern.ts';
import type { WritablePath } from '../policy/policy.ts';

const rule = 'writablePaths';

/**
 * So many emptyDirs are added to a pod at most. Each is some three hundred bytes with its mount and its record, and the
 * API server takes an object of a megabyte and a half: a pod must not become too large by what it declares.
 */
const mostVolumes = 500;

/** The pod's volumes, with those that were added so far. */
interface Volumes {
  readonly names: Set<unknown>;
  added: number;
}

interface Mount {
  /** As it is written. */
  readonly path: string;
  /** Where it is. */
  readonly place: string;
  readonly isReadOnly: boolean;
  readonly isOurs: boolean;
}

export const writablePaths: Rule = {
  id: rule,
  decide: (subject, earlier) => {
    if (!subject.podLevelIsOpen || subject.pod.isWindows || subject.pod.isHostProcess) return [];
    const declarations = readDeclarations(subject.pod, subject.policy);
    const volumes: Volumes = { names: new Set(subject.pod.volumes.map(({ name }) => name)), added: 0 };
    return [
      ...declarations.refused,
      ...subject.containers.flatMap((container) => {
        const wanted = wantedPaths(subject, container, declarations);
        return wanted.length === 0 ? [] : decideForContainer(subject, container, wanted, earlier, volumes);
      }),
    ];
  },
};

/**
 * The paths that a container has to write to, each once: what its own annotation says, then the pod's, then what the
 * policy knows of its image. Of two that name the same path the first one's size limit counts.
 */
function wantedPaths(subject: Subject, container: Container, { paths }: Declarations): readonly WritablePath[] {
  if (isEphemeral(container)) return [];
  const wanted = new Map<string, WritablePath>();
  const known = matchImage(subject.policy.writablePaths, container.image).flat();
  for (const declared of [...(paths.get(container.name) ?? []), ...(paths.get('') ?? []), ...known]) {
    const place = resolveRun(declared.path);
    if (!wanted.has(place)) wanted.set(place, declared);
  }
  // Sorted, a path comes after the ones above it, so that one mount can serve both.
  return [...wanted].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, declared]) => declared);
}

function decideForContainer(
  subject: Subject,
  container: Container,
  wanted: readonly WritablePath[],
  earlier: readonly Decision[],
  volumes: Volumes,
): readonly Decision[] {
  const where = scopeOf(container);
  if (!hasReadOnlyRoot(container, earlier)) {
    if (container.securityContext['readOnlyRootFilesystem'] !== false) return [];
    return wanted.map(({ path }) => kept(path, where, 'writableRoot'));
  }
  if (isExcepted(subject, rule, container)) {
    return wanted.map(({ path }): Decision => ({ ...at(path, where), action: 'withheld', reason: 'exception' }));
  }

  const mounts = container.volumeMounts.flatMap((mount) => readMount(subject.pod, mount));
  const devices = container.devicePaths.map((path) => resolveRun(cleanPath(path)));
  const decisions: Decision[] = [];
  for (const { path, sizeLimit } of wanted) {
    const place = resolveRun(path);
    const nearest = nearestMount(mounts, place);
    if (devices.includes(place)) {
      decisions.push({ ...at(path, where), action: 'withheld', reason: 'deviceAtPath' });
    } else if (nearest === undefined && volumes.added === mostVolumes) {
      decisions.push({ ...at(path, where), action: 'withheld', reason: 'tooManyVolumes', detail: String(mostVolumes) });
      // Nor for any other path: a decision for each would be as large as what is withheld.
      break;
    } else if (nearest === undefined) {
      decisions.push(...mountEmptyDir(container, spell(path, mounts), sizeLimit, volumes));
      mounts.push({ path, place, isReadOnly: false, isOurs: true });
    } else {
      decisions.push(leaveToMount(nearest, path, where));
    }
  }
  return decisions;
}

/**
 * The runtime mounts what has the fewest segments first: `/var/run` comes after what an author mounts at `/run/app` and
 * would hide it. `/run` is the same place and comes before.
 */
function spell(path: string, mounts: readonly Mount[]): string {
  const place = resolveRun(path);
  return mounts.some((mount) => mount.path === mount.place && isAtOrBelow(mount.place, place)) ? place : path;
}

function mountEmptyDir(
  container: Container,
  path: string,
  sizeLimit: string | undefined,
  volumes: Volumes,
): readonly Decision[] {
  const name = nameVolume(container.name, path, volumes.names);
  volumes.names.add(name);
  volumes.added += 1;
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

function leaveToMount(mount: Mount, path: string, where: Decision['where']): Decision {
  if (mount.isOurs) return kept(path, where, 'coveredByParent');
  if (mount.place === resolveRun(path)) return kept(path, where, 'mounted');
  if (!mount.isReadOnly) return kept(path, where, 'alreadyWritable');
  return { ...at(path, where), action: 'withheld', reason: 'underReadOnlyMount', detail: mount.path };
}

function nearestMount(mounts: readonly Mount[], place: string): Mount | undefined {
  let nearest: Mount | undefined;
  for (const mount of mounts) {
    if (isAtOrBelow(place, mount.place) && mount.place.length > (nearest?.place.length ?? 0)) nearest = mount;
  }
  return nearest;
}

function readMount(pod: Pod, { name, mountPath, readOnly }: JsonObject): readonly Mount[] {
  if (typeof mountPath !== 'string' || mountPath === '') return [];
  const volume = pod.volumes.find((candidate) => candidate['name'] === name);
  const isReadOnly = readOnly === true || (volume !== undefined && isReadOnlyVolume(volume));
  const path = cleanPath(mountPath);
  return [{ path, place: resolveRun(path), isReadOnly, isOurs: false }];
}

function hasReadOnlyRoot(container: Container, earlier: readonly Decision[]): boolean {
  if (container.securityContext['readOnlyRootFilesystem'] === true) return true;
  return earlier.some(
    (decision) =>
      decision.rule === 'readOnlyRootFilesystem' &&
      decision.action === 'added' &&
      decision.where.scope === 'container' &&
      decision.where.list === container.list &&
      decision.where.index === container.index,
  );
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
