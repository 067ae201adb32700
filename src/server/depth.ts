import type { Json } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

/**
 * A pod's own messages nest some twelve deep, and API servers leave out what is in none of them: only its managed fields
 * hold what anybody likes.
 */
export const deepestNesting = 64;

/** As deep as a review can be that an API server sends: Go's encoding/json, `maxNestingDepth`, for the object in it. */
export const deepestSent = 10_000 + 2;

/**
 * Whether a parsed value nests objects and lists deeper than a limit. Looks no deeper than that itself.
 *
 * @param exempt what may be of any depth, and is not looked at
 */
export function isNestedDeeper(value: Json, limit: number, exempt?: ReadonlySet<Json>): boolean {
  if (typeof value !== 'object' || value === null || exempt?.has(value) === true) return false;
  if (limit === 0) return true;
  if (!isJsonObject(value)) return value.some((item) => isNestedDeeper(item, limit - 1, exempt));
  for (const key in value) {
    if (isNestedDeeper(value[key] ?? null, limit - 1, exempt)) return true;
  }
  return false;
}

/** What is as deep as its author likes in a review, and read by no rule: the managed fields of the pod and the old one. */
export function findManagedFields(review: Json): ReadonlySet<Json> {
  const { request } = isJsonObject(review) ? review : {};
  const { object, oldObject } = isJsonObject(request) ? request : {};
  const found = new Set<Json>();
  for (const pod of [object, oldObject]) {
    const { metadata } = isJsonObject(pod) ? pod : {};
    const { managedFields } = isJsonObject(metadata) ? metadata : {};
    if (managedFields !== undefined) found.add(managedFields);
  }
  return found;
}
