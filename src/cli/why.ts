import { Command, Option } from 'commander';
import { ManifestError } from '../manifest/manifestError.ts';
import { readManifest } from '../manifest/readManifest.ts';
import type { Cause, Remedy } from '../recognize/finding.ts';
import type { Message } from '../recognize/messages.ts';
import { findMessages } from '../recognize/messages.ts';
import type { ContainerFinding } from '../recognize/recognize.ts';
import { recognize } from '../recognize/recognize.ts';
import { readBytes } from './inputs.ts';
import type { Streams } from './streams.ts';
import { UsageError } from './usageError.ts';

interface WhyOptions {
  readonly filename?: readonly string[];
  readonly output: 'text' | 'json';
}

const examples = `
Examples:
  kubectl logs web | kube-harden why -f -
  kubectl get pod web -o yaml | kube-harden why -f -
  kubectl get events -o json | kube-harden why -f - -o json
  kube-harden why -f crash.log
`;

/** Makes the `why` command: from what a container says when it does not run to the cause and the smallest remedy. */
export function whyCommand(streams: Streams): Command {
  return new Command('why')
    .summary('say why a hardened container does not run, and what to do')
    .description(
      'Reads log lines, or the status of pods or events as YAML or JSON, and says for each line that it recognises what keeps the container from running once it is hardened, and the smallest remedy.',
    )
    .addOption(
      new Option('-f, --filename <FILE|->', 'a log, a status, or - for standard input; again for more').argParser(
        (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
      ),
    )
    .addOption(new Option('-o, --output <FORMAT>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples)
    .action(async (options: WhyOptions) => why(options, streams));
}

async function why({ filename = [], output }: WhyOptions, streams: Streams): Promise<void> {
  if (filename.length === 0)
    throw new UsageError('nothing to read: name a log or a status with -f, or - for standard input');
  const texts: Message[][] = [];
  for (const file of filename) texts.push(readMessages(await readLog(file, streams.stdin), file));
  const messages = texts.flat();
  // Whatever should have come did not: the command before the pipe has failed.
  if (messages.length === 0) throw new UsageError(`${filename.join(', ')}: nothing in there`);
  const findings = recognize(messages);
  if (output === 'json') streams.stdout.write(`${JSON.stringify({ findings }, null, 2)}\n`);
  else streams.stdout.write([...findings.map(formatFinding), ...formatAnnotation(findings)].join('\n'));
  if (findings.length === 0)
    streams.stderr.write(`I do not know: ${sayCount(messages.length)} hardening could have caused.\n`);
}

function sayCount(lines: number): string {
  return lines === 1 ? 'the one line there is says nothing that' : `none of ${lines} lines says anything that`;
}

/** Logs may have bytes in them that are no text: what is, counts. */
async function readLog(file: string, stdin: NodeJS.ReadableStream): Promise<string> {
  const bytes = await readBytes(file, stdin);
  return bytes.toString('utf8');
}

/** Remedies of one kind go into one annotation. */
function formatAnnotation(findings: readonly ContainerFinding[]): readonly string[] {
  const paths = findings.flatMap(({ path, remedy }) => (remedy.to === 'annotation' && path !== null ? [path] : []));
  const all = [...new Set(paths)].join(', ');
  return paths.length < 2 ? [] : [`all of them at once: kube-harden.io/writable-paths: ${JSON.stringify(all)}\n`];
}

function formatFinding({ container, cause, path, line, remedy }: ContainerFinding): string {
  const where = container === null ? '' : `container ${container}: `;
  const patch =
    remedy.patch === null ? '' : `  as a merge patch of the ${patched[remedy.to]}: ${JSON.stringify(remedy.patch)}\n`;
  return `${where}${cause}${path === null ? '' : ` (${path})`}: ${describeCause[cause]}\n  ${line}\n  remedy: ${remedy.text}\n${patch}`;
}

const patched: Readonly<Record<Remedy['to'], string>> = {
  annotation: 'pod',
  pod: 'pod',
  container: 'container',
  policy: 'policy',
  none: 'pod',
};

const describeCause: Readonly<Record<Cause, string>> = {
  'read-only-root': 'it writes to its root filesystem, which is read-only',
  'named-user': 'the image names its user, and the kubelet cannot tell by a name that it is not root',
  'root-image': 'the image runs as root, which runAsNonRoot forbids',
  'file-capabilities': 'its program carries capabilities that the container may not have',
  'not-owner': 'it runs as a user to whom this does not belong',
  chown: 'it gives files or rights away, which takes a capability that is dropped',
  'drops-user': 'its entrypoint wants to become another user',
  'low-port': 'it listens below port 1024 without being root',
  'owner-of-run': 'its init wants to own /run',
  other: 'it uses what hardening takes away',
};

/** The lines of a log, or those of a status where the text is one. */
function readMessages(text: string, file: string): Message[] {
  return readStatuses(text, file) ?? readLines(text);
}

function readLines(text: string): Message[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => ({ container: null, text: line }));
}

function readStatuses(text: string, file: string): Message[] | undefined {
  // A log may be anything, and need not be parsed to be known for none.
  if (!/^\s*(\{|kind:|apiVersion:|---|#)/.test(text)) return undefined;
  try {
    const found = readManifest(text, file).map(({ value }) => findMessages(value));
    return found.some((messages) => messages !== undefined) ? found.flatMap((messages) => messages ?? []) : undefined;
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}
