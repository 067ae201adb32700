import type { Json } from '../json/json.ts';
import type { ContainerList } from '../pod/pod.ts';
import type { RuleId } from '../policy/ruleId.ts';

/** Why a field was left as it is, because somebody had decided it already. Codes are stable: audit annotations carry them. */
export type KeptReason =
  | 'explicit'
  | 'emptyList'
  | 'addedBefore'
  | 'mounted'
  | 'alreadyWritable'
  | 'coveredByParent'
  | 'writableRoot';

/** Why a missing field was not filled in. Codes are stable: audit annotations carry them. */
export type WithheldReason =
  | 'windows'
  | 'hostProcess'
  | 'exception'
  | 'privileged'
  | 'runsAsRoot'
  | 'rootAllowed'
  | 'userNamespace'
  | 'unmaskedProcMount'
  | 'windowsAdministrator'
  | 'addsAllCapabilities'
  | 'addsSysAdmin'
  | 'addsSameCapabilities'
  | 'contradictsAnnotation'
  | 'debugContainer'
  | 'hostNetwork'
  | 'underReadOnlyMount'
  | 'deviceAtPath'
  | 'badPath'
  | 'badSizeLimit'
  | 'tooManyPaths'
  | 'tooManyVolumes'
  | 'tooManyContainerPaths'
  | 'noSuchContainer'
  | 'unknownAnnotation'
  | 'declarationNotAllowed'
  | 'annotationsFull'
  | 'podFull'
  | 'tooLarge';

/** The reason why a field was added in another way than the policy says it. */
export type AddedReason = 'undoOwnPodDefault';

/** Why a field that kube-harden added in an earlier call of the same admission is taken out again. Codes are stable. */
export type RemovedReason = 'movedToContainers' | 'noLongerFits';

export interface PodScope {
  readonly scope: 'pod';
}

export interface ContainerScope {
  readonly scope: 'container';
  readonly list: ContainerList;
  readonly index: number;
  readonly container: string;
}

interface Subject {
  /**
   * Two are no rules of a policy: `claim` is the record that kube-harden leaves of its own work, `storedSize` is what the
   * API server can store.
   */
  readonly rule: RuleId | 'claim' | 'storedSize';
  /**
   * The field below the pod's `spec` or below the container, in Kubernetes' own words, list entries by their key; or
   * the pod's own, from `metadata.` on.
   */
  readonly field: string;
  readonly where: PodScope | ContainerScope;
}

/** Missing, so filled in: `value` goes to `path`, a JSON pointer from the pod's root; `-` at its end appends. */
export interface Added extends Subject {
  readonly action: 'added';
  readonly path: readonly string[];
  readonly value: Json;
  readonly reason?: AddedReason;
  /** Containers that start only if their image says what nobody else does: which user, by number, it runs as. */
  readonly dependsOnImage?: readonly ContainerScope[];
  /** What a container that runs as uid 0 cannot do any more: the capabilities that it loses, of those that root is used to. */
  readonly takenFromRoot?: readonly string[];
}

/** The author, or the scope above, had decided already. */
export interface Kept extends Subject {
  readonly action: 'kept';
  readonly reason: KeptReason;
  /** The value that stays, where there is one. */
  readonly value?: Json;
}

/** Filling it in would get the pod rejected, or break a container by what its own explicit settings say. */
export interface Withheld extends Subject {
  readonly action: 'withheld';
  readonly reason: WithheldReason;
  /** What the sentence needs besides the reason: the setting that stands against it, or the path that was refused. */
  readonly detail?: string;
}

/** Added by kube-harden itself in an earlier call of the same admission, and out of place since then. */
export interface Removed extends Subject {
  readonly action: 'removed';
  readonly reason: RemovedReason;
  /** Keys and indices from the pod's root. */
  readonly path: readonly string[];
  /** The value that it had. */
  readonly value: Json;
}

export type Decision = Added | Kept | Withheld | Removed;
