import type { Hardening } from '../core/harden.ts';
import { harden, isRefusal } from '../core/harden.ts';
import { findMisplacedFields } from '../core/pod/misplacedFields.ts';
import type { Policy } from '../core/policy/policy.ts';
import { findRemarks } from '../core/remarks.ts';
import { describe, describeMisplaced, describeRemark } from '../core/sentences.ts';
import { lineOf } from '../manifest/readManifest.ts';
import type { Input, InputPod } from './inputs.ts';
import { podsOf } from './inputs.ts';
import { UsageError } from './usageError.ts';

/** A pod of an input and what becomes of it. */
export interface HardenedPod extends Hardening {
  readonly source: InputPod;
}

/**
 * Hardens each pod of an input.
 *
 * @throws {UsageError} for a pod of which no API server could make sense, with file, line, document and path.
 */
export function hardenPods(input: Input, policy: Policy): readonly HardenedPod[] {
  return podsOf(input).map((source) => {
    const answer = harden(source.pod, policy);
    if (!isRefusal(answer)) return { source, ...answer };
    const { document, objectPath, podPath } = source;
    const [path = '', ...problem] = answer.refusal.split(': ');
    const fullPath = [...objectPath, ...podPath, ...path.split('.')];
    throw new UsageError(
      `${input.file}:${lineOf(document, fullPath)}: document ${document.index}: ${fullPath.join('.')}: ${problem.join(': ')}`,
    );
  });
}

/** How people know the object that holds a pod: `Deployment shop/web`. */
export function titleOf({ kind, namespace, name }: Pick<InputPod, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name ?? '(no name)'}`;
}

/** What a person should know besides the change itself. */
export function remarksOn({ source, decisions }: HardenedPod): readonly string[] {
  return [
    ...decisions.filter(({ action }) => action === 'withheld').map(describe),
    ...findRemarks(decisions).map(describeRemark),
    ...findMisplacedFields(source.pod).map((field) =>
      describeMisplaced({ ...field, path: [...source.podPath, ...field.path] }),
    ),
  ];
}
