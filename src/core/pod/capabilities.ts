import type { Json } from '../json/json.ts';
import type { Container } from './pod.ts';
import { canonicalCapability } from './pod.ts';

/** Whether a container loses a capability by a list of those that are dropped. */
export function drops(dropped: Json, name: string, { addedCapabilities }: Container): boolean {
  if (!Array.isArray(dropped) || addedCapabilities.has(name)) return false;
  return dropped.some((each) => typeof each === 'string' && ['ALL', name].includes(canonicalCapability(each)));
}
