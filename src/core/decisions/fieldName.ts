/**
 * The names of a pod's fields, as people read them: `spec.securityContext.runAsNonRoot`,
 * `spec.containers[web].volumeMounts[/tmp]`, `metadata.annotations`. Here they are made, and here they are taken apart.
 */
import type { ContainerList } from '../pod/pod.ts';

/** A field, and, where it is a list, which of its entries, by the entry's key. */
export interface Step {
  readonly field: string;
  readonly entry?: string;
}

export type FieldName = readonly Step[];

/** Where a field stands: on the pod, or on one of its containers. */
type Where =
  | { readonly scope: 'pod' }
  | { readonly scope: 'container'; readonly list: ContainerList; readonly container: string };

/** The full name of a field that is named from the pod's `spec`, from a container, or from `metadata` on. */
export function fieldName({ where, field }: { readonly where: Where; readonly field: string }): string {
  if (where.scope === 'container') return `spec.${entryName(where.list, where.container)}.${field}`;
  return field.startsWith('metadata.') ? field : `spec.${field}`;
}

/** The name of an entry of a list: `volumes[data]`. */
export function entryName(list: string, key: string): string {
  return `${list}[${escapeKey(key)}]`;
}

export function formatFieldName(name: FieldName): string {
  return name.map(({ field, entry }) => (entry === undefined ? field : entryName(field, entry))).join('.');
}

/** Takes a name apart; undefined for what `formatFieldName` would never make. */
export function parseFieldName(text: string): FieldName | undefined {
  const steps: Step[] = [];
  let position = 0;
  while (position < text.length) {
    const end = endOfField(text, position);
    const field = text.slice(position, end);
    if (field === '') return undefined;
    position = end;
    if (text[position] === '[') {
      const key = readKey(text, position + 1);
      if (key === undefined) return undefined;
      steps.push({ field, entry: key.value });
      position = key.end;
    } else {
      steps.push({ field });
    }
    if (position === text.length) return steps;
    if (text[position] !== '.') return undefined;
    position += 1;
  }
  return undefined;
}

function endOfField(text: string, start: number): number {
  let end = start;
  while (end < text.length && text[end] !== '.' && text[end] !== '[' && text[end] !== ']') end += 1;
  return end;
}

/** A path or a name may have brackets in it. */
function escapeKey(key: string): string {
  return key.includes(']') || key.includes('\\') ? key.replaceAll(/[\\\]]/g, '\\$&') : key;
}

function readKey(text: string, start: number): { value: string; end: number } | undefined {
  let value = '';
  let from = start;
  for (let position = start; position < text.length; position += 1) {
    if (text[position] === ']') return { value: value + text.slice(from, position), end: position + 1 };
    if (text[position] !== '\\') continue;
    value += text.slice(from, position);
    position += 1;
    from = position;
  }
  return undefined;
}
