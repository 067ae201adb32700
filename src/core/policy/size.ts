import type { Json } from '../json/json.ts';
import { longestSpec, mostValues } from './bounds.ts';

/**
 * Why a spec is too large to be looked at any closer; `undefined` where it is not. It is held against the bounds on the
 * whole before anything else is done with it, since a parser looks at each of a million entries before it counts them.
 */
export function sizeProblem(spec: Json, kind = 'policies'): string | undefined {
  if (hasMoreValues(spec, mostValues)) return `has more than ${mostValues} values: make several ${kind} of it`;
  if (JSON.stringify(spec).length <= longestSpec) return undefined;
  return `has more than ${longestSpec} characters as JSON: make several ${kind} of it`;
}

/** Looks at no more than it has to, and goes into no depth that could end the stack. */
function hasMoreValues(value: Json, most: number): boolean {
  const open: Json[] = [value];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    count += 1;
    if (typeof next !== 'object' || next === null) continue;
    const children = Array.isArray(next) ? (next as readonly Json[]) : Object.values(next);
    if (count + open.length + children.length > most) return true;
    open.push(...children);
  }
  return count > most;
}
