import type { z } from 'zod';
import { containerOnlyFields, podOnlyFields, sharedFields } from '../pod/securityContextFields.ts';

/** What is wrong with a policy, and where: keys and list indices from the document's root. */
export interface PolicyProblem {
  readonly path: readonly string[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** The fields that each block of a policy may have, for saying where a misplaced one belongs. */
export type BlockFields = Readonly<Record<'pod' | 'container', readonly string[]>>;

/** A value that is told back is not told at any length. */
const longestQuote = 100;

/** A value in a message, cut where it is long. */
export function quoteValue(value: unknown): string {
  const text = typeof value === 'string' ? value : undefined;
  if (text === undefined || text.length <= longestQuote) return JSON.stringify(value);
  return `${JSON.stringify(text.slice(0, longestQuote))}…`;
}

/** What an issue of the parser's says to people, and where. */
export function problemsOf(issue: Issue, parents: readonly string[], fields: BlockFields): readonly PolicyProblem[] {
  const at = [...parents, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...at, key], message: misplacement(at, key, fields) }));
  }
  if (issue.code === 'invalid_union') return [closestAlternative(issue, at, fields)];
  return [{ path: at, message: sentence(issue) }];
}

/** Of a union's alternatives, the one that the author meant is the one that complains about the least. */
function closestAlternative(
  issue: z.core.$ZodIssueInvalidUnion,
  at: readonly string[],
  fields: BlockFields,
): PolicyProblem {
  const alternatives = issue.errors
    .map((issues) => issues.flatMap((inner) => problemsOf(inner, at, fields)))
    .sort((left, right) =>
      right[0]?.path.length === left[0]?.path.length
        ? left.length - right.length
        : (right[0]?.path.length ?? 0) - (left[0]?.path.length ?? 0),
    );
  return alternatives[0]?.[0] ?? { path: at, message: 'has a value that does not fit' };
}

function misplacement(parent: readonly string[], key: string, fields: BlockFields): string {
  const block = parent.join('.');
  if (block === 'spec.pod' && containerOnlyFields.includes(key))
    return 'is a container-level field: it belongs under spec.container';
  if (block === 'spec.container' && podOnlyFields.includes(key))
    return 'is a pod-level field: it belongs under spec.pod';
  if (block === 'spec.pod' || block === 'spec.container') {
    const known = [...containerOnlyFields, ...podOnlyFields, ...sharedFields].includes(key);
    return known ? 'is no field that kube-harden fills in' : 'is no field of a security context';
  }
  if (block === 'spec' && fields.pod.includes(key)) return 'belongs under spec.pod';
  if (block === 'spec' && fields.container.includes(key)) return 'belongs under spec.container';
  return 'is unknown';
}

function sentence(issue: Issue): string {
  if (issue.input === undefined && issue.code !== 'custom') return 'is missing';
  const found = typeof issue.input === 'object' && issue.input !== null ? '' : `, not ${quoteValue(issue.input)}`;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${expectedType(issue.expected)}${found}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map((value) => JSON.stringify(value)).join(', ')}${found}`;
    case 'too_small':
      return issue.origin === 'array' ? 'must not be empty' : `must be at least ${issue.minimum}${found}`;
    case 'too_big':
      if (issue.origin === 'array') return `has more than ${issue.maximum} entries`;
      if (issue.origin === 'string') return `has more than ${issue.maximum} characters`;
      return `must be at most ${issue.maximum}${found}`;
    case 'invalid_format':
      return `has a form that Kubernetes does not take${found}`;
    default:
      return issue.message;
  }
}

function expectedType(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    array: 'a list',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
    object: 'an object',
    record: 'an object',
    string: 'a string',
  };
  return words[expected] ?? expected;
}
