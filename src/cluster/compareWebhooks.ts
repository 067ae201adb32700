import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject, isSameJson } from '../core/json/json.ts';

/** A field of a webhook; or of the list itself, where a webhook is missing, one too many, or at the wrong place. */
export interface Field {
  readonly webhook: string;
  readonly field: string;
}

/** How the webhooks of a configuration stand to those that kube-harden wants there. */
export interface Comparison {
  /** What is kube-harden's, and not as it has to be. */
  readonly differences: readonly Field[];
  /** Where others have added something, which stays. */
  readonly additions: readonly Field[];
  /** The webhooks as they have to be: kube-harden's own, and what others have added. */
  readonly webhooks: readonly JsonObject[];
}

/** Of the names that end so, and of the labels' keys that begin so, kube-harden alone decides. */
const ourDomain = 'kube-harden.io';

/**
 * Compares what is kube-harden's alone. Others may add webhooks of their own, expressions and labels to selectors,
 * match conditions, and fields that kube-harden does not know: AKS' admissions enforcer adds expressions to each
 * namespaceSelector, and an API server of a later version fields.
 *
 * @param found as the API server has them
 * @param wanted as `makeWebhooks` makes them, in this order
 */
export function compareWebhooks(found: readonly JsonObject[], wanted: readonly JsonObject[]): Comparison {
  const byName = new Map(found.map((webhook) => [nameOf(webhook), webhook]));
  const wantedNames = new Set(wanted.map(nameOf));
  const merged = wanted.map((webhook) => mergeWebhook(byName.get(nameOf(webhook)), webhook));
  const surplus = found.map(nameOf).filter((name) => isOurs(name) && !wantedNames.has(name));
  const first = found.findIndex((webhook) => isOurs(nameOf(webhook)));
  const isOthers = (webhook: JsonObject): boolean => !isOurs(nameOf(webhook));
  const before = found.slice(0, Math.max(first, 0)).filter(isOthers);
  const behind = found.slice(Math.max(first, 0)).filter(isOthers);
  return {
    differences: [
      ...merged.flatMap(({ differences }) => differences),
      ...surplus.map((webhook) => ({ webhook, field: 'surplus' })),
      ...findMisplaced(found, wanted, wantedNames),
    ],
    additions: merged.flatMap(({ additions }) => additions),
    webhooks: [...before, ...merged.map(({ webhook }) => webhook), ...behind],
  };
}

/** The first that is at the wrong place among kube-harden's own: a preview has to come last. */
function findMisplaced(
  found: readonly JsonObject[],
  wanted: readonly JsonObject[],
  wantedNames: ReadonlySet<string>,
): readonly Field[] {
  const names = found.map(nameOf).filter((name) => wantedNames.has(name));
  const there = new Set(names);
  const expected = wanted.map(nameOf).filter((name) => there.has(name));
  const webhook = names.find((name, index) => name !== expected[index]);
  return webhook === undefined ? [] : [{ webhook, field: 'order' }];
}

interface MergedWebhook extends Pick<Comparison, 'differences' | 'additions'> {
  readonly webhook: JsonObject;
}

function mergeWebhook(found: JsonObject | undefined, wanted: JsonObject): MergedWebhook {
  const webhook = nameOf(wanted);
  if (found === undefined) return { webhook: wanted, differences: [{ webhook, field: 'missing' }], additions: [] };
  const merged = Object.fromEntries(
    Object.entries(wanted).map(([field, value]) => [field, merges[field]?.(found[field], value) ?? value]),
  );
  const whereNot = (other: JsonObject): readonly Field[] =>
    Object.keys(wanted)
      .filter((field) => !isSameJson(merged[field], other[field]))
      .map((field) => ({ webhook, field }));
  return { webhook: { ...found, ...merged }, differences: whereNot(found), additions: whereNot(wanted) };
}

/** What becomes of the fields that others may add to; each other is kube-harden's as a whole. */
const merges: Readonly<Record<string, (found: Json | undefined, wanted: Json) => Json>> = {
  namespaceSelector: mergeSelectors,
  objectSelector: mergeSelectors,
  matchConditions: (found, wanted) => mergeLists(listOf(found), listOf(wanted), 'name'),
};

function mergeSelectors(found: Json | undefined, wanted: Json): Json {
  if (!isJsonObject(found) || !isJsonObject(wanted)) return wanted;
  const expressions = listOf(found['matchExpressions']);
  const merged = mergeLists(expressions, listOf(wanted['matchExpressions']), 'key');
  return merged === expressions ? found : { ...found, matchExpressions: merged };
}

/**
 * What is found, where all that is wanted is there; else what is wanted, and behind it what others have added. An entry
 * of the same key as one that is missing is that one, changed; so is each of kube-harden's own labels.
 */
function mergeLists(
  found: readonly JsonObject[],
  wanted: readonly JsonObject[],
  key: 'key' | 'name',
): readonly JsonObject[] {
  const isIn = (list: readonly JsonObject[], entry: JsonObject): boolean =>
    list.some((each) => isSameJson(each, entry));
  const changed = new Set<JsonObject | undefined>();
  for (const missing of wanted.filter((entry) => !isIn(found, entry))) {
    changed.add(found.find((entry) => entry[key] === missing[key] && !changed.has(entry) && !isIn(wanted, entry)));
  }
  const foreign = found.filter((entry) => !isIn(wanted, entry));
  const added = foreign.filter((entry) => !changed.has(entry) && !String(entry[key]).startsWith(`${ourDomain}/`));
  return changed.size === 0 && added.length === foreign.length ? found : [...wanted, ...added];
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : none;
}

/** Always the same, since lists are told apart by what they are. */
const none: readonly JsonObject[] = [];

function nameOf({ name }: JsonObject): string {
  return String(name);
}

function isOurs(name: string): boolean {
  return name.endsWith(`.${ourDomain}`);
}
