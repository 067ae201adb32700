import type { Added, Decision } from './decisions/decision.ts';
import { fieldName } from './decisions/decision.ts';
import type { Subject } from './decisions/rule.ts';
import { exceptionsFor, podScope } from './decisions/rule.ts';
import type { Json, JsonObject } from './json/json.ts';
import { isJsonObject, isSameJson } from './json/json.ts';
import { makeOperations } from './json/operations.ts';
import type { Patch } from './json/patch.ts';
import { PodShapeError, parsePod } from './pod/parsePod.ts';
import type { Policy } from './policy/policy.ts';
import type { OwnField } from './provenance.ts';
import { findOwnFields, provenanceOf, withoutOwnFields } from './provenance.ts';
import { rules } from './rules.ts';

/** What is to become of a pod. */
export interface Hardening {
  /** Always applies to the pod it was made for; empty where nothing is missing. */
  readonly patch: Patch;
  /** In the order of the rules, then of the containers. */
  readonly decisions: readonly Decision[];
}

/** A pod of which no API server could make sense: where, and what is wrong, in one line. */
export interface Refusal {
  readonly refusal: string;
}

/**
 * Decides for a pod, or for a workload's pod template, what kube-harden fills in under a policy.
 *
 * Pure: the pod is not modified, and the same pod and policy give the same answer, byte for byte. Never throws for
 * what is in a pod.
 */
export function harden(pod: Json, policy: Policy): Hardening | Refusal {
  return orRefusal(pod, (raw) => {
    const own = findOwnFields(raw, policy);
    const authored = parsePod(own.length === 0 ? raw : withoutOwnFields(raw, own));
    const subject: Subject = {
      pod: authored,
      policy,
      containers: authored.containers,
      podLevelIsOpen: true,
      podDefaultsAreOurs: new Set(),
      exceptions: exceptionsFor(authored, policy),
    };
    return finish(raw, subject, decide(subject), own);
  });
}

/**
 * Decides for the debug containers that an update of `pods/ephemeralcontainers` brings: those whose names the old pod
 * does not have. Whatever else stands in the pod cannot be changed any more. Never throws for what is in a pod.
 */
export function hardenEphemeralContainers(pod: Json, oldPod: Json, policy: Policy): Hardening | Refusal {
  return orRefusal(pod, (raw) => {
    const read = parsePod(raw);
    const oldNames = new Set(parsePod(oldPod).containers.map(({ name }) => name));
    const own = findOwnFields(raw, policy).filter(({ path }) => path[1] === 'securityContext');
    const decisions = decide({
      pod: read,
      policy,
      containers: read.containers.filter(({ list, name }) => list === 'ephemeralContainers' && !oldNames.has(name)),
      podLevelIsOpen: false,
      podDefaultsAreOurs: new Set(own.map(({ rule }) => rule)),
      exceptions: exceptionsFor(read, policy),
    });
    return { patch: makeOperations(raw, decisions.filter(isAdded)), decisions };
  });
}

function orRefusal(pod: Json, hardenPod: (raw: JsonObject) => Hardening): Hardening | Refusal {
  try {
    return hardenPod(isJsonObject(pod) ? pod : {});
  } catch (error) {
    if (error instanceof PodShapeError) return { refusal: error.message };
    throw error;
  }
}

function decide(subject: Subject): readonly Decision[] {
  const decisions: Decision[] = [];
  for (const rule of rules) {
    // One by one: as arguments of a call, a hundred thousand would be more than the stack takes.
    for (const decision of rule.decide(subject, decisions)) decisions.push(decision);
  }
  return decisions;
}

/** Holds what the rules want against what an earlier call of ours has left in the pod. */
function finish(
  raw: JsonObject,
  { policy }: Subject,
  decided: readonly Decision[],
  own: readonly OwnField[],
): Hardening {
  const decisions = own.length === 0 ? decided : recognizeOwn(decided, own);
  const additions = decisions.filter(isAdded);
  const removals = own.length === 0 ? [] : fieldsToTakeBack(raw, decided, own);
  if (additions.length === 0 && removals.length === 0) return { patch: [], decisions };

  const provenance = provenanceOf(raw, policy, decisions);
  const patch = makeOperations(raw, [...additions, ...(provenance ?? [])], removals);
  return { patch, decisions: provenance === undefined ? [...decisions, annotationsFull] : decisions };
}

function isAdded(decision: Decision): decision is Added {
  return decision.action === 'added';
}

/** What a rule would add and an earlier call has added already is kept. */
function recognizeOwn(decided: readonly Decision[], own: readonly OwnField[]): readonly Decision[] {
  const ownByName = new Map(own.map((field) => [field.name, field]));
  return decided.map((decision): Decision => {
    if (!isAdded(decision)) return decision;
    const field = ownByName.get(fieldName(decision));
    // An entry of a list is known by its key: the API server may write the rest of it in another form.
    const isEntry = decision.path.at(-1) === '-';
    if (field === undefined || !(isEntry || isSameJson(field.value, decision.value))) return decision;
    const { rule, field: name, where } = decision;
    return { rule, field: name, where, action: 'kept', reason: 'addedBefore', value: field.value };
  });
}

/** The paths of what an earlier call has added and no rule would add any more. */
function fieldsToTakeBack(
  raw: JsonObject,
  decided: readonly Decision[],
  own: readonly OwnField[],
): readonly (readonly string[])[] {
  const wanted = new Set(decided.filter(isAdded).map(fieldName));
  const unwanted = own.filter(({ name }) => !wanted.has(name));
  if (unwanted.length === 0) return [];
  // Some container that is not ours to change may have mounted a volume of ours in the meantime.
  const authored = parsePod(withoutOwnFields(raw, own));
  const mounted = new Set(authored.containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)));
  const { volumes } = parsePod(raw);
  const isMounted = (path: readonly string[]): boolean =>
    path[1] === 'volumes' && mounted.has(volumes[Number(path[2])]?.['name']);
  return unwanted.filter(({ path }) => !isMounted(path)).map(({ path }) => path);
}

const annotationsFull: Decision = {
  rule: 'provenance',
  field: 'metadata.annotations',
  where: podScope,
  action: 'withheld',
  reason: 'annotationsFull',
};

/** Whether an answer is a refusal. */
export function isRefusal(answer: Hardening | Refusal): answer is Refusal {
  return 'refusal' in answer;
}
