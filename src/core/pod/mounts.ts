/** What is mounted over an image's files, found without asking each mount about each path. */
import type { Place } from './path.ts';
import { cleanPath, compareOrder, isAtOrBelow, locate } from './path.ts';
import type { Container, Pod } from './pod.ts';
import { isReadOnlyVolume } from './pod.ts';

export interface Mount extends Place {
  readonly isReadOnly: boolean;
}

/** The names of a pod's volumes to which nothing can be written. */
export function readOnlyVolumes({ volumes }: Pod): ReadonlySet<unknown> {
  return new Set(volumes.filter(isReadOnlyVolume).map(({ name }) => name));
}

/** A container's mounts, in the order of their places. */
export function readMounts({ volumeMounts }: Container, readOnlyNames: ReadonlySet<unknown>): readonly Mount[] {
  return volumeMounts
    .flatMap(({ name, mountPath, readOnly }): readonly Mount[] => {
      if (typeof mountPath !== 'string' || mountPath === '') return [];
      return [{ ...locate(cleanPath(mountPath)), isReadOnly: readOnly === true || readOnlyNames.has(name) }];
    })
    .sort(compareOrder);
}

/** A walk along places in their order. All its steps together are as many as there are mounts and places. */
export interface MountWalk {
  /** The nearest mount at or above a place, which comes after all places that were asked for before. */
  readonly goTo: (place: Place) => Mount | undefined;
  /** Whether below the present place somebody has mounted by the place's own name, not by a link to it. */
  readonly isNamedBelow: (place: string) => boolean;
  /** Mounts something at the present place. */
  readonly enter: (mount: Mount) => void;
}

/** @param mounts in the order of their places */
export function walkMounts(mounts: readonly Mount[]): MountWalk {
  /** The mounts that the present place lies in, outermost first. */
  const around: Mount[] = [];
  let next = 0;
  const leave = (place: string): void => {
    for (let last = around.at(-1); last !== undefined && !isAtOrBelow(place, last.place); last = around.at(-1)) {
      around.pop();
    }
  };
  const enter = (mount: Mount): void => {
    leave(mount.place);
    around.push(mount);
  };
  return {
    enter,
    goTo: ({ place, order }) => {
      for (let mount = mounts[next]; mount !== undefined && mount.order <= order; mount = mounts[next]) {
        enter(mount);
        next += 1;
      }
      leave(place);
      return around.at(-1);
    },
    isNamedBelow: (place) => {
      for (let index = next; index < mounts.length; index += 1) {
        const mount = mounts[index];
        if (mount === undefined || !isAtOrBelow(mount.place, place)) return false;
        if (mount.path === mount.place) return true;
      }
      return false;
    },
  };
}
