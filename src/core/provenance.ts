/**
 * What kube-harden says about its own work on a pod, so that a later call can tell its own defaults from an author's
 * settings: the API server calls once more when another webhook changed the pod in between, and files that were fixed
 * come by as pods.
 */
import type { Decision } from './decisions/decision.ts';
import { fieldName } from './decisions/decision.ts';
import { ownVolumePrefix } from './decisions/volumeName.ts';
import type { Json, JsonObject } from './json/json.ts';
import { isJsonObject, isSameJson } from './json/json.ts';
import type { Addition } from './json/operations.ts';
import { compareForRemoval } from './json/operations.ts';
import { addedAnnotation, policyAnnotation } from './pod/annotations.ts';
import { containerLists } from './pod/pod.ts';
import type { Policy } from './policy/policy.ts';
import type { RuleId } from './policy/ruleId.ts';
import { ruleIds } from './policy/ruleId.ts';

/** Source: k8s.io/apimachinery pkg/api/validation, `TotalAnnotationSizeLimitB`. */
const mostAnnotationBytes = 256 * 1024;

/** UTF-8 takes at most three bytes for a UTF-16 code unit. */
const mostBytesPerUnit = 3;

/** A field that an earlier call added and nobody has changed since. */
export interface OwnField {
  readonly name: string;
  readonly rule: RuleId;
  readonly path: readonly string[];
  readonly value: Json;
}

/** More than kube-harden ever adds to a pod that an API server could take; what is beyond was written by others. */
const mostClaims = 2000;

/** The fields that the pod's annotation claims, each once, whether they are still there or not. */
export function claimedFields(pod: JsonObject): readonly string[] {
  const annotation = annotationsOf(pod)[addedAnnotation];
  if (typeof annotation !== 'string') return [];
  const parsed = parseJson(annotation);
  if (!Array.isArray(parsed)) return [];
  return [...new Set(parsed.filter((name) => typeof name === 'string'))].slice(0, mostClaims);
}

/**
 * Of the claimed fields those that the policy would fill in with the very value that they have. Any other value is
 * somebody's decision, and a field that the policy does not name is none of its business.
 */
export function findOwnFields(pod: JsonObject, policy: Policy): readonly OwnField[] {
  const claimed = claimedFields(pod);
  const found = new Map<string, OwnField>();
  for (const name of claimed) {
    const field = locate(pod, name);
    // Anybody may write the annotation, and one thing twice.
    if (field !== undefined && isOurs(field, policy)) found.set(field.path.join('/'), field);
  }
  if (policy.container.readOnlyRootFilesystem !== undefined) return [...found.values()];
  // An earlier policy has made the root read-only, which this one leaves alone: without the volumes nothing would work.
  const hasReadOnlyRoot = claimed.some((name) => name.endsWith('.securityContext.readOnlyRootFilesystem'));
  return [...found.values()].filter(({ rule }) => !(hasReadOnlyRoot && rule === 'writablePaths'));
}

/** The pod as its author wrote it: a copy without kube-harden's own fields. */
export function withoutOwnFields(pod: JsonObject, own: readonly OwnField[]): JsonObject {
  const copy = structuredClone(pod);
  for (const { path } of [...own].sort((left, right) => compareForRemoval(left.path, right.path))) {
    const parent = at(copy, path.slice(0, -1));
    const key = path.at(-1) ?? '';
    // The copy is this function's own, so taking from it changes nobody's pod.
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else if (isJsonObject(parent)) delete (parent as { [key: string]: Json })[key];
  }
  return copy;
}

/** The annotations to write after something was added; `undefined` where the pod has no room left for them. */
export function provenanceOf(
  pod: JsonObject,
  policy: Policy,
  decisions: readonly Decision[],
): readonly Addition[] | undefined {
  const names = ownWork(decisions);
  for (const name of claimedFields(pod)) {
    const field = locate(pod, name);
    if (field !== undefined && isLeftAlone(field, policy) && !names.includes(name)) names.push(name);
  }
  const annotations = annotationsOf(pod);
  const written: readonly (readonly [string, string])[] = [
    [policyAnnotation, policy.name],
    [addedAnnotation, JSON.stringify(names)],
  ];
  if (!fits({ ...annotations, ...Object.fromEntries(written) })) return undefined;
  return written
    .filter(([key, value]) => annotations[key] !== value)
    .map(([key, value]) => ({ path: ['metadata', 'annotations', key], value }));
}

/** The policy that hardened a pod in an earlier call, as the pod says. */
export function policyBefore(pod: JsonObject): string | null {
  const name = annotationsOf(pod)[policyAnnotation];
  return typeof name === 'string' ? name : null;
}

/** Whether a claimed field stays as it is because the policy has nothing to say about it. */
function isLeftAlone({ rule }: OwnField, policy: Policy): boolean {
  if (rule === 'writablePaths') return policy.container.readOnlyRootFilesystem === undefined;
  return !asksFor(policy, rule);
}

/** The full names of the fields that kube-harden added, now or in an earlier call. */
export function ownWork(decisions: readonly Decision[]): string[] {
  return decisions.filter(isOwnWork).map(fieldName);
}

function isOwnWork(decision: Decision): boolean {
  return decision.action === 'added' || (decision.action === 'kept' && decision.reason === 'addedBefore');
}

function fits(annotations: JsonObject): boolean {
  let units = 0;
  for (const key of Object.keys(annotations)) units += key.length + String(annotations[key]).length;
  if (units * mostBytesPerUnit <= mostAnnotationBytes) return true;
  const encoder = new TextEncoder();
  const texts = Object.entries(annotations).flatMap(([key, value]) => [key, String(value)]);
  return texts.reduce((sum, text) => sum + encoder.encode(text).length, 0) <= mostAnnotationBytes;
}

/** Source of the names: `fieldName`. */
function locate(pod: JsonObject, name: string): OwnField | undefined {
  if (!name.startsWith('spec.')) return undefined;
  const inContainer = /^spec\.(\w+)\[([^\]]*)\]\.(.*)$/.exec(name);
  const list = containerLists.find((candidate) => candidate === inContainer?.[1]);
  if (inContainer === null || list === undefined) return locateBelow(pod, ['spec'], name.slice('spec.'.length), name);
  const containers = at(pod, ['spec', list]);
  const index = Array.isArray(containers)
    ? containers.findIndex((entry) => keyOf(entry, 'name') === inContainer[2])
    : -1;
  if (index === -1) return undefined;
  return locateBelow(pod, ['spec', list, String(index)], inContainer[3] ?? '', name);
}

function locateBelow(pod: JsonObject, base: readonly string[], field: string, name: string): OwnField | undefined {
  const entry = /^(volumes|volumeMounts|securityContext\.sysctls)\[(.*)\]$/.exec(field);
  if (entry !== null) return locateEntry(pod, [...base, ...(entry[1] ?? '').split('.')], entry[2] ?? '', name);
  const path = field.split('.');
  const [block, rule] = path;
  if (block !== 'securityContext' || !isSecurityRule(rule)) return undefined;
  // Nothing below or beside what a rule fills in is its own: `capabilities.add` is not.
  if (path.slice(2).join('.') !== (rule === 'capabilities' ? 'drop' : '')) return undefined;
  const value = at(pod, [...base, ...path]);
  return value === undefined || value === null ? undefined : { name, rule, path: [...base, ...path], value };
}

function locateEntry(pod: JsonObject, path: readonly string[], key: string, name: string): OwnField | undefined {
  const entries = at(pod, path);
  if (!Array.isArray(entries)) return undefined;
  const keyField = path.at(-1) === 'volumeMounts' ? 'mountPath' : 'name';
  const index = entries.findIndex((entry) => keyOf(entry, keyField) === key);
  const value = entries[index];
  if (value === undefined) return undefined;
  return {
    name,
    rule: path.at(-1) === 'sysctls' ? 'lowPorts' : 'writablePaths',
    path: [...path, String(index)],
    value,
  };
}

/** The rules that are fields of a security context; the others fill in entries of lists. */
function isSecurityRule(rule: string | undefined): rule is RuleId {
  return rule !== 'writablePaths' && rule !== 'lowPorts' && ruleIds.some((known) => known === rule);
}

/** The API server writes a size limit in a form of its own, so a volume is known by its name and its source. */
function isOwnVolumeOrMount(entry: JsonObject): boolean {
  const keys = Object.keys(entry).sort().join();
  return String(entry['name']).startsWith(ownVolumePrefix) && (keys === 'emptyDir,name' || keys === 'mountPath,name');
}

/** Whether a policy has anything to say about a rule's field. */
function asksFor(policy: Policy, rule: RuleId): boolean {
  if (rule === 'writablePaths') return true;
  return rule === 'lowPorts' ? policy.lowPorts : wantedValue(policy, rule) !== undefined;
}

function wantedValue(policy: Policy, rule: RuleId): Json | undefined {
  const wanted: { readonly [field in RuleId]?: Json | undefined } = { ...policy.container, ...policy.pod };
  return wanted[rule];
}

function isOurs({ rule, value }: OwnField, policy: Policy): boolean {
  if (!asksFor(policy, rule)) return false;
  switch (rule) {
    case 'writablePaths':
      return isJsonObject(value) && isOwnVolumeOrMount(value);
    case 'lowPorts':
      return isJsonObject(value) && value['name'] === 'net.ipv4.ip_unprivileged_port_start' && value['value'] === '0';
    case 'capabilities': {
      const wanted = policy.container.capabilities?.drop ?? [];
      return Array.isArray(value) && value.length > 0 && value.every((name) => wanted.some((drop) => drop === name));
    }
    default:
      return isSameJson(wantedValue(policy, rule), value);
  }
}

function annotationsOf(pod: JsonObject): JsonObject {
  const annotations = at(pod, ['metadata', 'annotations']);
  return isJsonObject(annotations) ? annotations : {};
}

function at(value: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path) {
    if (Array.isArray(found)) found = found[Number(key)];
    else found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}

function keyOf(entry: Json, key: string): Json | undefined {
  return isJsonObject(entry) ? entry[key] : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
