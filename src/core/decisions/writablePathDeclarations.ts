import { ownAnnotations } from '../pod/annotations.ts';
import { cleanPath, isSizeLimit, pathProblem } from '../pod/path.ts';
import type { Pod } from '../pod/pod.ts';
import type { Policy, WritablePath } from '../policy/policy.ts';
import type { Decision, Withheld, WithheldReason } from './decision.ts';
import { entryName } from './fieldName.ts';
import { podScope } from './rule.ts';

/** Declares paths for each of the pod's containers. */
const podAnnotation = 'kube-harden.io/writable-paths';

/** Declares paths for the container whose name follows. */
const containerAnnotationPrefix = 'writable-paths.kube-harden.io/';

/** Nobody writes to more places; each of them meets each container, so thousands would be a million volumes. */
const mostPaths = 100;

/** No pod has longer annotations. Source: k8s.io/apimachinery pkg/api/validation, `TotalAnnotationSizeLimitB`. */
const longestDeclaration = 256 * 1024;

/** What a pod's author declares in annotations. */
export interface Declarations {
  /** By container; the empty name stands for all of them. */
  readonly paths: ReadonlyMap<string, readonly WritablePath[]>;
  /** What could not be taken from them, and why. */
  readonly refused: readonly Decision[];
}

/** Reads the annotations that declare writable paths: `/tmp, /app/cache=64Mi`. */
export function readDeclarations(pod: Pod, policy: Policy): Declarations {
  const paths = new Map<string, WritablePath[]>();
  const refused: Withheld[] = [];
  const names = new Set(pod.containers.map(({ name }) => name));
  for (const [key, text] of Object.entries(pod.annotations)) {
    const container = containerOf(key);
    if (container === undefined && isSlip(key)) refused.push(refuse(key, 'unknownAnnotation', key));
    if (container === undefined || typeof text !== 'string') continue;
    if (!policy.podMayDeclareWritablePaths) {
      refused.push(refuse(key, 'declarationNotAllowed'));
    } else if (container !== '' && !names.has(container)) {
      refused.push(refuse(key, 'noSuchContainer', container));
    } else {
      const entries = readEntries(text, key);
      refused.push(...entries.filter((entry) => 'action' in entry));
      paths.set(
        container,
        entries.filter((entry) => 'path' in entry),
      );
    }
  }
  return { paths, refused };
}

function readEntries(text: string, annotation: string): readonly (WritablePath | Withheld)[] {
  const entries = text
    .slice(0, longestDeclaration)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const parsed = entries.slice(0, mostPaths).map((entry) => parseEntry(entry, annotation));
  return entries.length > mostPaths ? [...parsed, refuse(annotation, 'tooManyPaths', String(mostPaths))] : parsed;
}

function containerOf(annotation: string): string | undefined {
  if (annotation === podAnnotation) return '';
  return annotation.startsWith(containerAnnotationPrefix)
    ? annotation.slice(containerAnnotationPrefix.length)
    : undefined;
}

/** Nobody else has annotations under this name, so an unknown one was meant to be one of these. */
function isSlip(annotation: string): boolean {
  const [prefix = ''] = annotation.split('/', 1);
  const isOwn = prefix === 'kube-harden.io' || prefix.endsWith('.kube-harden.io');
  return isOwn && !ownAnnotations.includes(annotation);
}

/** A path may have an equals sign in it, a size may not. */
function parseEntry(entry: string, annotation: string): WritablePath | Withheld {
  const equals = entry.lastIndexOf('=');
  const path = (equals === -1 ? entry : entry.slice(0, equals)).trim();
  const sizeLimit = equals === -1 ? undefined : entry.slice(equals + 1).trim();
  const problem = pathProblem(path);
  if (problem !== undefined) return refuse(annotation, 'badPath', `${quote(path)} ${problem}`);
  if (sizeLimit !== undefined && !isSizeLimit(sizeLimit)) return refuse(annotation, 'badSizeLimit', quote(entry));
  return { path: cleanPath(path), sizeLimit };
}

function refuse(annotation: string, reason: WithheldReason, detail?: string): Withheld {
  const field = `metadata.${entryName('annotations', annotation)}`;
  const about = { rule: 'writablePaths', field, where: podScope, action: 'withheld', reason } as const;
  return detail === undefined ? about : { ...about, detail };
}

/** What an author wrote may be long; a warning may not. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}
