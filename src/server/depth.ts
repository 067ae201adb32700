import type { Json } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

/** No object of Kubernetes comes near; what is deeper was made to hurt. */
export const deepestNesting = 64;

/** Whether a parsed value nests objects and lists deeper than a limit. Looks no deeper than that itself. */
export function isNestedDeeper(value: Json, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  if (!isJsonObject(value)) return value.some((item) => isNestedDeeper(item, limit - 1));
  for (const key in value) {
    if (isNestedDeeper(value[key] ?? null, limit - 1)) return true;
  }
  return false;
}
