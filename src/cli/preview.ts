import { Command, Option } from 'commander';
import { movePatchBelow } from '../core/json/patch.ts';
import { findMisplacedFields } from '../core/pod/misplacedFields.ts';
import type { Policy } from '../core/policy/policy.ts';
import { describe } from '../core/sentences.ts';
import type { EditedManifest } from '../manifest/editManifest.ts';
import { editManifest } from '../manifest/editManifest.ts';
import { formatDiff } from './diff.ts';
import type { HardenedPod } from './hardenedPods.ts';
import { hardenPods, remarksOn, titleOf } from './hardenedPods.ts';
import type { Input } from './inputs.ts';
import { filenameOptions, readInputs } from './inputs.ts';
import { choosePolicy, policyOption } from './policyOption.ts';
import { makeProgress } from './progress.ts';
import type { Streams } from './streams.ts';

type Format = 'diff' | 'patch' | 'yaml' | 'json';

interface PreviewOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly policy: string;
  readonly output: Format;
  readonly exitCode?: boolean;
}

const examples = `
Examples:
  kube-harden preview -f deployment.yaml
  kube-harden preview -f manifests/ -R -p restricted
  kubectl get deployment web -o yaml | kube-harden preview -f -
  kube-harden preview -f pod.yaml -o patch > patch.json
  kube-harden preview -f manifests/ -o yaml | kubectl apply -f -
  kube-harden preview -f manifests/ --exit-code > /dev/null   # in CI: fails while something would change
`;

/** Makes the `preview` command: what would change, and nothing is changed. */
export function previewCommand(streams: Streams): Command {
  const command = new Command('preview')
    .summary('show what would change')
    .description('Shows what kube-harden would fill in: the same patch that the webhook answers with. Changes nothing.')
    .addOption(policyOption())
    .addOption(
      new Option('-o, --output <FORMAT>', 'diff of the files, RFC 6902 patch (one line a pod), hardened yaml, or json')
        .choices(['diff', 'patch', 'yaml', 'json'])
        .default('diff'),
    )
    .option('--exit-code', 'exit with 1 if something would change')
    .addHelpText('after', examples)
    .action(async (options: PreviewOptions) => preview(options, streams));
  for (const option of filenameOptions()) command.addOption(option);
  return command;
}

async function preview(options: PreviewOptions, streams: Streams): Promise<void> {
  const policy = await choosePolicy(options.policy);
  const progress = makeProgress(streams.stderr, 'files');
  const writer = writers[options.output](streams);
  let pods = 0;
  let changing = 0;
  for await (const input of readInputs(options, streams.stdin, progress.update)) {
    const hardened = hardenPods(input, policy);
    pods += hardened.length;
    changing += hardened.filter(({ patch }) => patch.length > 0).length;
    progress.clear();
    writer.write(input, hardened, policy);
    if (options.output !== 'json') for (const line of remarks(input, hardened)) streams.stderr.write(`${line}\n`);
  }
  progress.clear();
  writer.end();
  streams.stderr.write(`${summarize(pods, changing, policy)}\n`);
  if (options.exitCode === true && changing > 0) streams.setExitCode(1);
}

/** Writes one input after the other to standard output, in one of the formats. */
interface Writer {
  readonly write: (input: Input, pods: readonly HardenedPod[], policy: Policy) => void;
  readonly end: () => void;
}

const writers: Readonly<Record<Format, (streams: Streams) => Writer>> = {
  diff: ({ stdout, stderr, isColored }) => ({
    write: (input, pods) =>
      stdout.write(formatDiff(input.file, input.text, edit(input, pods, stderr).splices, isColored)),
    end: () => {},
  }),
  patch: ({ stdout }) => ({
    write: (_input, pods) => {
      for (const pod of pods) stdout.write(`${JSON.stringify(objectPatch(pod))}\n`);
    },
    end: () => {},
  }),
  yaml: ({ stdout, stderr }) => {
    let isFirst = true;
    return {
      write: (input, pods) => {
        // In the middle of a stream, a byte order mark is part of whatever comes behind it.
        const edited = edit(input, pods, stderr).text;
        const text = isFirst ? edited : edited.replace(/^\uFEFF/, '');
        const separated = isFirst || /^---/m.test(text.trimStart().slice(0, 4)) ? text : `---\n${text}`;
        stdout.write(separated.endsWith('\n') ? separated : `${separated}\n`);
        isFirst = false;
      },
      end: () => {},
    };
  },
  json: ({ stdout }) => {
    const items: object[] = [];
    return {
      write: (input, pods, policy) => {
        items.push(...pods.map((pod) => describeAsData(input, pod, policy)));
      },
      end: () => stdout.write(`${JSON.stringify({ items }, null, 2)}\n`),
    };
  },
};

/** The patch as the object that holds the pod takes it: `/spec/template/spec/…` for a Deployment. */
function objectPatch({ source, patch }: HardenedPod) {
  return movePatchBelow(patch, source.podPath);
}

/** What an edit could not keep as it was is told on standard error. */
function edit(input: Input, pods: readonly HardenedPod[], stderr: NodeJS.WritableStream): EditedManifest {
  const edited = editManifest(
    input.text,
    pods.map(({ source, patch }) => ({
      document: source.document,
      patch: movePatchBelow(patch, [...source.objectPath, ...source.podPath]),
    })),
  );
  for (const line of edited.rewritten) stderr.write(`${line}\n`);
  return edited;
}

function describeAsData(input: Input, pod: HardenedPod, policy: Policy): object {
  const { source, decisions } = pod;
  return {
    file: input.file,
    document: source.document.index,
    kind: source.kind,
    namespace: source.namespace ?? null,
    name: source.name ?? null,
    policy: policy.name,
    decisions: decisions.map((decision) => ({ ...decision, message: describe(decision) })),
    misplaced: findMisplacedFields(source.pod),
    patch: objectPatch(pod),
  };
}

function remarks(input: Input, pods: readonly HardenedPod[]): readonly string[] {
  return pods.flatMap((pod) => remarksOn(pod).map((line) => `${input.file}: ${titleOf(pod.source)}: ${line}`));
}

function summarize(pods: number, changing: number, policy: Policy): string {
  if (pods === 0) return 'No pods and no workloads in there.';
  return `${changing} of ${pods} ${pods === 1 ? 'pod' : 'pods'} would change under policy ${policy.name}.`;
}
