import { Command, Option } from 'commander';
import { addedBefore, ownFields, policyBefore } from '../core/claims.ts';
import type { EffectiveContainer, EffectiveField, EffectiveValue } from '../core/effectiveFields.ts';
import { explainContainers, explainPodFields } from '../core/effectiveFields.ts';
import { applyPatch } from '../core/json/applyPatch.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { MisplacedField } from '../core/pod/misplacedFields.ts';
import { findMisplacedFields } from '../core/pod/misplacedFields.ts';
import type { Policy } from '../core/policy/policy.ts';
import { containerKinds, inline } from '../core/sentences.ts';
import type { PodLevel, PssVersion } from '../standards/evaluate.ts';
import { parsePssVersion, podLevel } from '../standards/evaluate.ts';
import type { HardenedPod } from './hardenedPods.ts';
import { hardenPods, remarksOn, titleOf } from './hardenedPods.ts';
import type { Input } from './inputs.ts';
import { filenameOptions, readInputs } from './inputs.ts';
import { choosePolicy, policyOption } from './policyOption.ts';
import { makeProgress } from './progress.ts';
import type { Streams } from './streams.ts';
import { UsageError } from './usageError.ts';

interface ExplainOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly policy: string;
  readonly output: 'text' | 'json';
  readonly pssVersion: PssVersion;
}

/** One pod, explained; the shape is the contract of `explain -o json`. */
interface Explanation {
  readonly file: string;
  readonly document: number;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly policy: string;
  /** The policy that hardened it in an earlier call, as its annotation says. */
  readonly hardenedBefore: string | null;
  /** Those that only a pod has, where somebody sets them. */
  readonly podFields: readonly EffectiveField[];
  readonly containers: readonly EffectiveContainer[];
  readonly misplaced: readonly MisplacedField[];
  /** What was withheld, what does nothing where it stands, what hangs on an image; in sentences. */
  readonly remarks: readonly string[];
  readonly pss: { readonly version: PssVersion; readonly before: PodLevel; readonly after: PodLevel };
}

const examples = `
Examples:
  kube-harden explain -f deployment.yaml
  kube-harden explain -f manifests/ -R -p restricted
  kube-harden explain -f pod.yaml --pss-version 1.33
  kube-harden explain -f manifests/ -o json | jq '.items[] | {name, level: .pss.after.level}'
`;

/** Makes the `explain` command: what is in effect in each container, where it came from, and what hardening makes of it. */
export function explainCommand(streams: Streams): Command {
  const command = new Command('explain')
    .summary("show each field's effective value and where it comes from")
    .description(
      "Shows, for each container, every security field's value in effect, which scope it came from, and what hardening makes of it; and the pod's Pod Security level before and after.",
    )
    .addOption(policyOption())
    .addOption(new Option('-o, --output <FORMAT>', 'text or json').choices(['text', 'json']).default('text'))
    .addOption(
      new Option('--pss-version <VERSION>', "the Pod Security Standards' version, such as 1.33")
        .argParser(readPssVersion)
        .default('latest' satisfies PssVersion),
    )
    .addHelpText('after', examples)
    .action(async (options: ExplainOptions) => explain(options, streams));
  for (const option of filenameOptions()) command.addOption(option);
  return command;
}

async function explain(options: ExplainOptions, streams: Streams): Promise<void> {
  const policy = await choosePolicy(options.policy);
  const progress = makeProgress(streams.stderr, 'files');
  const items: Explanation[] = [];
  for await (const input of readInputs(options, streams.stdin, progress.update)) {
    for (const pod of hardenPods(input, policy)) items.push(explainPod(input, pod, policy, options.pssVersion));
  }
  progress.clear();
  if (options.output === 'json') streams.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`);
  else streams.stdout.write(items.map(formatExplanation).join('\n'));
  if (items.length === 0) streams.stderr.write('No pods and no workloads in there.\n');
}

function explainPod(input: Input, pod: HardenedPod, policy: Policy, version: PssVersion): Explanation {
  const { source, patch, decisions } = pod;
  const hardened = applyPatch(source.pod, patch) as JsonObject;
  const own = [...ownFields(decisions).map(({ name }) => name), ...addedBefore(source.pod)];
  const comparison = { before: source.pod, after: hardened, own };
  return {
    file: input.file,
    document: source.document.index,
    kind: source.kind,
    namespace: source.namespace ?? null,
    name: source.name ?? null,
    policy: policy.name,
    hardenedBefore: policyBefore(source.pod),
    podFields: explainPodFields(comparison),
    containers: explainContainers(comparison),
    misplaced: findMisplacedFields(source.pod),
    remarks: remarksOn(pod),
    pss: { version, before: podLevel(source.pod, version), after: podLevel(hardened, version) },
  };
}

function readPssVersion(text: string): PssVersion {
  try {
    return parsePssVersion(text);
  } catch (error) {
    throw new UsageError(`--pss-version: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function formatExplanation(explanation: Explanation): string {
  const { file, document, hardenedBefore, podFields, containers, remarks, pss, policy } = explanation;
  const place = `${file === '-' ? 'standard input' : file}, document ${document}`;
  const level = `Pod Security ${pss.version}: ${pss.before.level} now, ${pss.after.level} under policy ${policy}`;
  const open =
    pss.after.level === 'restricted'
      ? []
      : pss.after.violations.map(({ message }) => `  still against restricted: ${message}`);
  return [
    `${title(explanation)}  (${place})`,
    `  ${level}`,
    ...(hardenedBefore === null ? [] : [`  hardened before, under policy ${hardenedBefore}`]),
    ...open,
    ...remarks.map((line) => `  note: ${line}`),
    ...(podFields.length === 0 ? [] : ['  pod', ...formatRows(podFields.map(rowOf))]),
    ...containers.flatMap((container) => formatContainer(container)),
    '',
  ].join('\n');
}

function title({ kind, namespace, name }: Explanation): string {
  return titleOf({ kind, namespace: namespace ?? undefined, name: name ?? undefined });
}

function formatContainer({
  list,
  name,
  image,
  fields,
  mountsBefore,
  writableMounts,
}: EffectiveContainer): readonly string[] {
  return [
    `  ${containerKinds[list]} ${name}${image === '' ? '' : ` (${image})`}`,
    ...formatRows([
      ...fields.map(rowOf),
      ['writable paths', sayWritable(fields, 'before', mountsBefore), sayWritable(fields, 'after', writableMounts), ''],
    ]),
  ];
}

function formatRows(rows: readonly (readonly string[])[]): readonly string[] {
  return formatTable([['FIELD', 'NOW', 'HARDENED', 'FROM'], ...rows]).map((row) => `    ${row}`);
}

function rowOf(field: EffectiveField): readonly string[] {
  return [field.field, say(field, field.before), say(field, field.after), sourceOf(field)];
}

function sayWritable(fields: readonly EffectiveField[], when: 'before' | 'after', mounts: readonly string[]): string {
  const root = fields.find(({ field }) => field === 'readOnlyRootFilesystem');
  if (root?.[when].value !== true) return 'all (the root is writable)';
  return mounts.length === 0 ? 'none' : mounts.join(' ');
}

/** What a field that nobody sets comes down to. Source: k8s.io/api core/v1, and the kubelet's defaults. */
const whenUnset: Readonly<Record<string, string>> = {
  runAsNonRoot: 'unset (root allowed)',
  runAsUser: "unset (image's USER)",
  runAsGroup: "unset (image's)",
  privileged: 'unset (false)',
  allowPrivilegeEscalation: 'unset (true)',
  capabilities: "unset (runtime's)",
  seccompProfile: "unset (kubelet's)",
  readOnlyRootFilesystem: 'unset (false)',
};

function say({ field }: EffectiveField, { value, from }: EffectiveValue): string {
  return from === 'unset' ? (whenUnset[field] ?? 'unset') : inline(value);
}

function sourceOf({ after, isOwnWork }: EffectiveField): string {
  if (after.from === 'unset') return '';
  return isOwnWork ? `${after.from}, kube-harden` : after.from;
}

function formatTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
