/** The one place where decisions become words. Everything that people read of kube-harden's is made here. */
import type {
  Added,
  Decision,
  KeptReason,
  Removed,
  RemovedReason,
  Withheld,
  WithheldReason,
} from './decisions/decision.ts';
import { formatFieldName, parseFieldName } from './decisions/fieldName.ts';
import type { Json } from './json/json.ts';
import type { MisplacedField } from './pod/misplacedFields.ts';
import type { ContainerList } from './pod/pod.ts';
import type { Remark } from './remarks.ts';
import { findRemarks } from './remarks.ts';

const keptBecause: Readonly<Record<KeptReason, string>> = {
  explicit: 'set by its author',
  emptyList: 'set to an empty list by its author; the API server drops empty lists, so on a cluster it counts as unset',
  addedBefore: 'added by kube-harden before',
  mounted: 'the author mounts a volume there',
  alreadyWritable: 'already writable by a volume that the author mounts above it',
  coveredByParent: 'already writable by the emptyDir above it',
  writableRoot: 'already writable: the author set readOnlyRootFilesystem: false',
};

const withheldBecause: Readonly<Record<WithheldReason, (detail: string) => string>> = {
  windows: () => 'Windows does not have it',
  hostProcess: () => 'a HostProcess pod is left alone',
  exception: () => 'the policy makes an exception',
  privileged: () => 'the container is privileged',
  runsAsRoot: () => 'the container asks for uid 0',
  rootAllowed: () => 'runAsNonRoot: false asks for root',
  userNamespace: () => "hostUsers: false makes the pod's root harmless to the node",
  unmaskedProcMount: () => 'procMount: Unmasked is for root in a user namespace',
  windowsAdministrator: () => 'the container runs as ContainerAdministrator',
  addsAllCapabilities: () => 'capabilities.add has ALL',
  addsSysAdmin: () => 'capabilities.add has SYS_ADMIN',
  addsSameCapabilities: () => 'capabilities.add has the same ones',
  contradictsAnnotation: (detail) => `the old annotation says ${detail}, and the API server refuses a field beside it`,
  debugContainer: () => 'a debug container may write where it likes',
  hostNetwork: () => "hostNetwork leaves no network namespace of the pod's own",
  underReadOnlyMount: (detail) => `it lies below ${detail}, which is mounted read-only`,
  deviceAtPath: () => 'a block device is there',
  badPath: (detail) => `${detail}`,
  tooManyPaths: (detail) => `an annotation may declare ${detail} at most`,
  tooManyVolumes: (detail) => `kube-harden adds ${detail} volumes to a pod at most`,
  tooManyContainerPaths: (detail) =>
    `kube-harden looks at ${detail} writable paths in a pod at most, and here it stops`,
  badSizeLimit: (detail) => `${detail} has no size such as 64Mi`,
  noSuchContainer: (detail) => `the pod has no container ${detail}`,
  unknownAnnotation: (detail) => `kube-harden knows no annotation ${detail}`,
  declarationNotAllowed: () => 'the policy lets no pod declare its writable paths',
  annotationsFull: () => 'the annotations have no room left, so a later call will not know its own work',
  podFull: () => 'the pod has no room left for them, so a later call will not know its own work',
  tooLarge: (detail) => `the API server could not store the pod (${detail})`,
};

const removedBecause: Readonly<Record<RemovedReason, string>> = {
  movedToContainers: 'a container that came later must not inherit it',
  noLongerFits: 'what came later stands against it',
};

/** One line: what was decided about one field, and why. */
export function describe(decision: Decision): string {
  switch (decision.action) {
    case 'added':
      return `${place(decision)}: ${describeAddition(decision)}`;
    case 'kept':
      return `${place(decision)}: ${decision.field} kept: ${keptBecause[decision.reason]}`;
    case 'withheld':
      return `${place(decision)}: ${subjectOf(decision)} withheld: ${whyWithheld(decision)}`;
    case 'removed':
      return `${place(decision)}: ${subjectOf(decision)} removed again: ${removedBecause[decision.reason]}`;
  }
}

function whyWithheld({ reason, detail = '' }: Withheld): string {
  return withheldBecause[reason](detail);
}

/** `pod`, or the container's kind and name. */
function place({ where }: Pick<Decision, 'where'>): string {
  return where.scope === 'pod' ? 'pod' : `${containerKinds[where.list]} ${where.container}`;
}

/** What people call the entries of each list. */
export const containerKinds: Readonly<Record<ContainerList, string>> = {
  initContainers: 'init container',
  containers: 'container',
  ephemeralContainers: 'debug container',
};

/** The longest warning that Kubernetes advises: k8s.io/api admission/v1, `AdmissionResponse.Warnings`. */
const longestWarning = 120;

/** The API server takes 4096 characters of warnings in all and then starts cutting: k8s.io/apiserver, `warning`. */
const mostWarningCharacters = 4096;

/** Many may say the same; more than so many are not even compared. */
const mostLines = 1000;

/** Leaves room for the sentence that says that there is more. */
const roomForRest = 100;

export type WarningMode = 'enforce' | 'preview';

/**
 * What an admission response tells the person at the command line: one line of what was added, each withheld field with
 * its reason, then what only an image can tell; short enough for Kubernetes to pass on.
 */
export function warnings(decisions: readonly Decision[], mode: WarningMode, policy: string): readonly string[] {
  const added = [...new Set(decisions.filter(({ action }) => action === 'added').map(({ rule }) => rule))];
  const verb = mode === 'enforce' ? 'added' : `would add (policy ${policy})`;
  const lines: readonly (() => string)[] = [
    ...(added.length === 0 ? [] : [() => listing(`kube-harden ${verb}: `, added)]),
    ...decisions.filter(isUnasked).map((decision) => () => `kube-harden: ${describe(decision)}`),
    ...findRemarks(decisions).map((remark) => () => `kube-harden: ${describeRemark(remark)}`),
  ];
  return limit(lines);
}

/** Why a pod is denied, which happens for nothing else. */
export function denialOf({ detail = '' }: Withheld): string {
  return `kube-harden: hardened, the pod is too large for the API server to store (${detail}): make it smaller`;
}

/** Why a pod is not read. */
export type Unread = 'tooCostly' | 'tooDeep' | 'notUtf8';

/** Why a pod is denied that is not read: short enough for a warning, where it is only previewed. */
export const denialsOfUnread: Readonly<Record<Unread, string>> = {
  tooCostly: 'kube-harden: the pod has more values in it than kube-harden reads: make it smaller',
  tooDeep: 'kube-harden: the pod is nested deeper than kube-harden reads: make it flatter',
  notUtf8: 'kube-harden: the pod has text in it that is not UTF-8: write it anew',
};

/** What people have to hear of one by one: what they would take for done, and is not. */
function isUnasked({ action }: Decision): boolean {
  return action === 'withheld' || action === 'removed';
}

/** What a preview tells where a namespace's label names none of the policies that there are. */
export function warnOfNoSuchPolicy(policies: readonly string[]): readonly string[] {
  const lines = [
    "kube-harden: nothing to preview: this namespace's label kube-harden.io/preview names no policy",
    listing('kube-harden: the policies are ', policies),
  ];
  return lines.map(passable);
}

function listing(start: string, names: readonly string[]): string {
  const shown = [...names];
  while (shown.length > 1) {
    const rest = names.length - shown.length;
    const line = `${start}${shown.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`;
    if (line.length <= longestWarning) return line;
    shown.pop();
  }
  return `${start}${shown.join('')}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`;
}

/** Each line once, as many as pass. Of a hundred thousand none but those is ever made. */
function limit(lines: readonly (() => string)[]): readonly string[] {
  const kept = new Set<string>();
  let characters = 0;
  for (const [index, make] of lines.entries()) {
    const line = passable(make());
    if (kept.has(line)) continue;
    if (characters + line.length > mostWarningCharacters - roomForRest || index >= mostLines) {
      return [...kept, `kube-harden: ${lines.length - index} more lines: the audit log has the withheld fields`];
    }
    kept.add(line);
    characters += line.length;
  }
  return [...kept];
}

/** As the API server passes it on: it drops a warning that has a control character in it. */
function passable(line: string): string {
  const printable = line.slice(0, longestWarning + 1).replaceAll(/\p{Cc}/gu, '?');
  return printable.length > longestWarning ? `${printable.slice(0, longestWarning - 1)}…` : printable;
}

function describeAddition(decision: Added): string {
  const { rule, value, reason } = decision;
  if (reason === 'undoOwnPodDefault') return `${decision.field}: ${inline(value)}, since it asks for root`;
  return rule === 'writablePaths' || rule === 'lowPorts'
    ? `${decision.field} added`
    : `${decision.field}: ${inline(value)}`;
}

/** A field without the words around it that everybody knows: `runAsNonRoot`, `writable path /tmp`. */
function subjectOf({ field }: Withheld | Removed): string {
  const [first, ...others] = parseFieldName(field) ?? [];
  if (first === undefined) return field;
  if (first.field === 'metadata' && others[0]?.entry !== undefined) return 'declared writable path';
  if (first.field === 'volumeMounts' && first.entry !== undefined) return `writable path ${first.entry}`;
  return first.field === 'securityContext' && others.length > 0 ? formatFieldName(others) : field;
}

/** A value as YAML writes it on one line. */
export function inline(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, entry]) => `${key}: ${inline(entry)}`)
      .join(', ')}}`;
  }
  return String(value);
}

/** One line about a field that does nothing where it stands. */
export function describeMisplaced({ path, belongsTo, meant }: MisplacedField): string {
  if (meant !== undefined) return `${path.join('.')} does nothing: the field is called ${meant}`;
  const block = belongsTo === 'pod' ? "the pod's securityContext" : "a container's securityContext";
  return `${path.join('.')} does nothing there: it belongs in ${block}`;
}

/** One line about what only an image can tell. */
export function describeRemark(remark: Remark): string {
  return `${place(remark)}: ${sayRemark(remark)}`;
}

function sayRemark(remark: Remark): string {
  switch (remark.about) {
    case 'imageUser':
      return 'starts only if its image names a USER by number, not 0; or set runAsUser';
    case 'noWritablePath':
      return 'no writable path is known; annotate kube-harden.io/writable-paths if it writes';
    case 'rootWithoutCapabilities':
      return `root without capabilities: ${remark.lost.map(workOf).join(', ')} fail unless in capabilities.add`;
  }
}

/** What a capability is needed for. Source: capabilities(7). */
function workOf(capability: string): string {
  const works: Readonly<Record<string, string>> = {
    CHOWN: 'chown',
    SETUID: 'setuid',
    NET_BIND_SERVICE: 'ports below 1024',
  };
  return works[capability] ?? capability;
}
