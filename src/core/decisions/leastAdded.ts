/**
 * At least how many bytes hardening will add to a new pod, found without deciding anything: what each container gets
 * that says nothing of its own about it. A pod of tens of thousands of them that cannot be stored is known by this.
 */
import { objectField } from '../json/fields.ts';
import type { Json, JsonObject } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import { containerLists } from '../pod/pod.ts';
import { patchSize } from '../pod/storedSize.ts';
import { runsOnWindows } from '../pod/windows.ts';
import type { Policy } from '../policy/policy.ts';

/** The rules that fill in a field of each container, whatever the other containers say. */
const rules = ['allowPrivilegeEscalation', 'capabilities', 'readOnlyRootFilesystem'] as const;

/** @param pod as it is written. What is of a wrong type counts for nothing: such a pod is refused later on. */
export function leastAdded(pod: JsonObject, policy: Policy): number {
  const spec = objectField(pod, 'spec');
  if (spec === undefined || isOfWindows(spec)) return 0;
  const sizes = measure(policy);
  let bytes = 0;
  for (const list of ['initContainers', 'containers']) {
    for (const container of listOf(spec, list)) if (isJsonObject(container)) bytes += leastFor(container, sizes);
  }
  return bytes;
}

/** What a container gets by each of the rules that the policy asks for and excepts nobody from, in bytes. */
interface Sizes {
  /** All of it, in a security context that is made for it. */
  readonly ofAll: number;
  /** Of each field, in one that is there. */
  readonly ofEach: readonly (readonly [string, number])[];
}

function measure({ container, exceptions }: Policy): Sizes {
  const fields = rules.flatMap((rule): readonly (readonly [string, Json])[] => {
    const value = container[rule];
    return value === undefined || exceptions.some(({ skip }) => skip.includes(rule)) ? [] : [[rule, value]];
  });
  return {
    ofAll: fields.length === 0 ? 0 : sizeOf('', Object.fromEntries(fields)),
    ofEach: fields.map(([field, value]) => [field, sizeOf(`/${field}`, value)] as const),
  };
}

function leastFor({ securityContext = null }: JsonObject, { ofAll, ofEach }: Sizes): number {
  if (securityContext === null) return ofAll;
  if (!isJsonObject(securityContext) || !isOpen(securityContext)) return 0;
  let bytes = 0;
  for (const [field, size] of ofEach) if ((securityContext[field] ?? null) === null) bytes += size;
  return bytes;
}

/** Whether nothing stands in a security context that any of the rules gives way to. */
function isOpen({ privileged = null, capabilities = null }: JsonObject): boolean {
  return privileged === null && capabilities === null;
}

/** As `againstLinuxField` finds it in a pod that is taken apart. */
function isOfWindows(spec: JsonObject): boolean {
  const blocks: JsonObject[] = [];
  for (const owner of [spec, ...containerLists.flatMap((list) => listOf(spec, list))]) {
    const block = isJsonObject(owner) ? owner['securityContext'] : undefined;
    if (isJsonObject(block) && isJsonObject(block['windowsOptions'])) blocks.push(block);
  }
  return (
    runsOnWindows(spec, blocks) ||
    blocks.some((block) => objectField(block, 'windowsOptions')?.['hostProcess'] === true)
  );
}

function listOf(spec: JsonObject, list: string): readonly Json[] {
  const value = spec[list];
  return Array.isArray(value) ? value : [];
}

function sizeOf(below: string, value: Json): number {
  return patchSize({}, [{ op: 'add', path: `/spec/containers/0/securityContext${below}`, value }]);
}
