import type { ClaimedField } from './claims.ts';
import type { Added, Decision, Removed } from './decisions/decision.ts';
import type { FieldName } from './decisions/fieldName.ts';
import { fieldName, formatFieldName, parseFieldName } from './decisions/fieldName.ts';
import type { Subject } from './decisions/rule.ts';
import { exceptionsFor, podScope } from './decisions/rule.ts';
import type { Json, JsonObject } from './json/json.ts';
import { isJsonObject, isSameJson } from './json/json.ts';
import { makeOperations } from './json/operations.ts';
import type { Patch, PatchOperation } from './json/patch.ts';
import { pointerTo } from './json/patch.ts';
import type { OwnField } from './ownFields.ts';
import { findOwnFields, withoutOwnFields } from './ownFields.ts';
import { PodShapeError, parsePod } from './pod/parsePod.ts';
import { containerLists } from './pod/pod.ts';
import type { Policy } from './policy/policy.ts';
import type { RuleId } from './policy/ruleId.ts';
import { ruleIds } from './policy/ruleId.ts';
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
 * Pure: the pod is not modified, and the same pod, policy and claim give the same answer, byte for byte. Never throws for
 * what is in a pod.
 *
 * @param claimed what kube-harden has proved to have added to the pod in an earlier call of the same admission: the rules
 * decide as if it were not there, and it is taken out where no rule would add it any more.
 */
export function harden(pod: Json, policy: Policy, claimed: readonly ClaimedField[] = []): Hardening | Refusal {
  return orRefusal(pod, (raw) => {
    const own = claimed.length === 0 ? [] : findOwnFields(raw, claimed);
    const authored = parsePod(own.length === 0 ? raw : withoutOwnFields(raw, own));
    const subject: Subject = {
      pod: authored,
      policy,
      containers: authored.containers,
      podLevelIsOpen: true,
      podDefaultsAreOurs: new Set(),
      exceptions: exceptionsFor(authored, policy),
    };
    const decided = decide(subject);
    const removed = own.length === 0 ? [] : findRemoved(subject, decided, own);
    const decisions = own.length === 0 ? decided : [...recognizeOwn(decided, own), ...removed];
    const removals = removed.map(({ path }) => path);
    const ownPaths = new Set(own.map(({ path }) => path));
    const additions = decisions.filter(isAdded);
    const replacements = additions.filter(({ path }) => ownPaths.has(path)).map(replaceAt);
    const others = makeOperations(
      raw,
      replacements.length === 0 ? additions : additions.filter(({ path }) => !ownPaths.has(path)),
      removals,
    );
    // Before anything is removed, since that moves up what follows in a list.
    return { patch: [...replacements, ...others], decisions };
  });
}

/**
 * Decides for the debug containers that an update of `pods/ephemeralcontainers` brings: those whose names the old pod
 * does not have. Whatever else stands in the pod cannot be changed any more. Never throws for what is in a pod.
 *
 * @param claimed what kube-harden has proved to have added when the pod was created
 */
export function hardenEphemeralContainers(
  pod: Json,
  oldPod: Json,
  policy: Policy,
  claimed: readonly ClaimedField[] = [],
): Hardening | Refusal {
  return orRefusal(pod, (raw) => {
    const read = parsePod(raw);
    const oldNames = new Set(parsePod(oldPod).containers.map(({ name }) => name));
    const own = findOwnFields(raw, claimed).filter(({ path }) => path[1] === 'securityContext');
    const decisions = decide({
      pod: read,
      policy,
      containers: read.containers.filter(({ list, name }) => list === 'ephemeralContainers' && !oldNames.has(name)),
      podLevelIsOpen: false,
      podDefaultsAreOurs: new Set(own.map(({ path }) => path[2] ?? '')),
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
  const earlier = new Map<RuleId, readonly Decision[]>();
  for (const { id, decide: decideRule } of rules) earlier.set(id, decideRule(subject, earlier));
  return [...earlier.values()].flat();
}

function replaceAt({ path, value }: Added): PatchOperation {
  return { op: 'replace', path: pointerTo(path), value };
}

function isAdded(decision: Decision): decision is Added {
  return decision.action === 'added';
}

/** What a rule would add and an earlier call has added already is kept; with another value, it is put in its place. */
function recognizeOwn(decided: readonly Decision[], own: readonly OwnField[]): readonly Decision[] {
  const ownByName = new Map(own.map((field) => [field.name, field]));
  return decided.map((decision): Decision => {
    if (!isAdded(decision)) return decision;
    const found = ownByName.get(fieldName(decision));
    if (found === undefined) return decision;
    const { rule, field, where, value } = decision;
    if (!isSameJson(found.value, value)) return { ...decision, path: found.path };
    return { rule, field, where, action: 'kept', reason: 'addedBefore', value };
  });
}

/** What an earlier call has added and no rule would add any more. */
function findRemoved({ pod }: Subject, decided: readonly Decision[], own: readonly OwnField[]): readonly Removed[] {
  const wanted = new Set(decided.filter(isAdded).map(fieldName));
  // Some container that is not ours to change may have mounted a volume of ours in the meantime.
  const mounted = new Set(pod.containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)));
  const rulesOfContainers = new Set(
    decided.flatMap(({ action, rule, where }) => (action === 'added' && where.scope === 'container' ? [rule] : [])),
  );
  return own.flatMap((field): readonly Removed[] => {
    if (wanted.has(field.name)) return [];
    const name = parseFieldName(field.name) ?? [];
    const [, first] = name;
    if (first?.field === 'volumes' && mounted.has(first.entry)) return [];
    const about = describeOwn(field, name);
    const isMoved = about.where.scope === 'pod' && about.rule !== 'writablePaths' && rulesOfContainers.has(about.rule);
    const reason = isMoved ? 'movedToContainers' : 'noLongerFits';
    return [{ ...about, action: 'removed', reason, path: field.path, value: field.value }];
  });
}

/** Where an own field stands, and which rule it came from, as its name and its path tell. */
function describeOwn({ path }: OwnField, [, ...below]: FieldName): Pick<Removed, 'rule' | 'field' | 'where'> {
  const [first, ...others] = below;
  const list = containerLists.find((candidate) => candidate === first?.field);
  if (list === undefined || first?.entry === undefined) {
    return { rule: ruleOf(below), field: formatFieldName(below), where: podScope };
  }
  const where = { scope: 'container', list, index: Number(path[2]), container: first.entry } as const;
  return { rule: ruleOf(others), field: formatFieldName(others), where };
}

/** A rule is called as its field below the securityContext is, but for two that fill in entries of lists. */
function ruleOf([block, field]: FieldName): Removed['rule'] {
  if (block?.field !== 'securityContext') return 'writablePaths';
  return ruleIds.find((id) => id === field?.field) ?? 'lowPorts';
}

/** Whether an answer is a refusal. */
export function isRefusal(answer: Hardening | Refusal): answer is Refusal {
  return 'refusal' in answer;
}
