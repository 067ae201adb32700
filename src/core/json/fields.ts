import type { Json, JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';

// Kubernetes decodes a pod into Go structures before it judges it: what is absent or null has its type's zero value.
// A value of a wrong type never gets that far, the API server refuses the pod. It is read as absent here, so that no
// input can make an evaluation throw.

/** The object in a field, or undefined. */
export function objectField(owner: JsonObject | undefined, field: string): JsonObject | undefined {
  const value = owner?.[field];
  return isJsonObject(value) ? value : undefined;
}

/** The string in a field, or undefined. */
export function stringField(owner: JsonObject | undefined, field: string): string | undefined {
  const value = owner?.[field];
  return typeof value === 'string' ? value : undefined;
}

/** The boolean in a field, or undefined. */
export function booleanField(owner: JsonObject | undefined, field: string): boolean | undefined {
  const value = owner?.[field];
  return typeof value === 'boolean' ? value : undefined;
}

/** The integer in a field, or undefined. */
export function integerField(owner: JsonObject | undefined, field: string): number | undefined {
  const value = owner?.[field];
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

/** The objects of a list. An item that is null still counts, as an empty object, because Go decodes it so. */
export function objectItems(owner: JsonObject | undefined, field: string): readonly JsonObject[] {
  return listField(owner, field).map((item) => (isJsonObject(item) ? item : {}));
}

/** The strings of a list. An item that is null still counts, as an empty string, because Go decodes it so. */
export function stringItems(owner: JsonObject | undefined, field: string): readonly string[] {
  return listField(owner, field).map(stringOrEmpty);
}

/** The entries of an object whose values are strings. A null value still counts, as an empty string, as above. */
export function stringEntries(owner: JsonObject | undefined, field: string): readonly (readonly [string, string])[] {
  return Object.entries(objectField(owner, field) ?? {}).map(([key, value]) => [key, stringOrEmpty(value)]);
}

function listField(owner: JsonObject | undefined, field: string): readonly Json[] {
  const value = owner?.[field];
  return Array.isArray(value) ? value : [];
}

function stringOrEmpty(value: Json): string {
  return typeof value === 'string' ? value : '';
}
