import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultLifetimes } from '../certificates/authority.ts';
import type { InClusterOptions } from '../run/inCluster.ts';
import type { StandaloneOptions } from '../run/standalone.ts';
import { UsageError } from './usageError.ts';

const examples = `
Examples:
  kube-harden serve                                   # a throwaway certificate, and a curl line that tries it
  kube-harden serve --policies ./policies --port 9443
  kube-harden serve --tls-cert tls.crt --tls-key tls.key
  kube-harden serve --cluster --default-policy hardened
`;

/** Makes the `serve` command: the webhook. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .summary('run the webhook')
    .description(
      'Runs the webhook over HTTPS: POST /enforce/<policy> and /preview/<policy> take AdmissionReview v1, GET /healthz and /readyz tell how it is. Logs go to standard output, one JSON object a line.',
    )
    .optionsGroup('Options:')
    .option('--policies <DIR>', 'a directory of policies, instead of the built-in ones')
    .addOption(new Option('--port <PORT>', 'the port to listen on').argParser(readPort).default(8443))
    .addOption(
      new Option('--metrics-port <PORT>', 'where to serve metrics over HTTP (default: nowhere)').argParser(readPort),
    )
    .option('--host <ADDRESS>', 'the address to listen on (default: all)')
    .option('--tls-cert <FILE>', 'the certificate, in PEM; read again when it changes')
    .option('--tls-key <FILE>', 'its key, in PEM')
    .addOption(
      new Option('--drain-seconds <SECONDS>', 'how long to serve on after SIGTERM').argParser(readSeconds).default(5),
    )
    .addOption(new Option('--log-level <LEVEL>').choices(['error', 'warn', 'info', 'debug']).default('info'))
    .helpOption('-h, --help', 'display help for command')
    .optionsGroup('Without a cluster:')
    .addOption(caFileOption())
    .optionsGroup('In a cluster:')
    .option('--cluster', 'policies are resources too, and the webhook configuration is kept true');
  for (const option of clusterOptions()) command.addOption(option);
  return command
    .addHelpText('after', examples)
    .action(async (options: StandaloneOptions & InClusterOptions & { cluster?: true }) => {
      refuseStrayOptions(command, options.cluster === true);
      // Express, winston and TLS are for this command alone; the others start without them.
      if (options.cluster === true) {
        const { serveInCluster } = await import('../run/inCluster.ts');
        await serveInCluster(options);
      } else {
        const { serveStandalone } = await import('../run/standalone.ts');
        await serveStandalone(options);
      }
    });
}

/** What means something without `--cluster` alone. */
function caFileOption(): Option {
  return new Option('--ca-file <FILE>', "where to write the throwaway certificate's CA").default('.kube-harden/ca.crt');
}

/** What means something with `--cluster` alone. */
function clusterOptions(): readonly Option[] {
  return [
    new Option('--kubeconfig <FILE>', 'how to reach it (default: as kubectl does, or as a pod)'),
    new Option('--namespace <NAME>', 'where kube-harden itself lives').default('kube-harden'),
    new Option('--default-policy <NAME>', 'for each namespace that has not chosen one (default: none)'),
    new Option('--excluded-namespaces <NAMES>', 'more namespaces that are never touched: a,b,c')
      .argParser(readNamespaces)
      .default([], 'none'),
    new Option('--timeout-seconds <SECONDS>', 'how long the API server waits for an answer')
      .argParser(readTimeout)
      .default(3),
    new Option('--webhook-url <URL>', 'where the API server finds kube-harden, if not by its Service'),
    new Option('--tls-ca <FILE>', 'what the API server has to trust: the CA of --tls-cert, in PEM'),
    new Option('--ca-lifetime <DURATION>', "how long kube-harden's own CA lasts")
      .argParser(readDuration)
      .default(defaultLifetimes.authority, '8760h'),
    new Option('--certificate-lifetime <DURATION>', 'how long the certificates last that it signs')
      .argParser(readDuration)
      .default(defaultLifetimes.certificate, '24h'),
  ];
}

/** An option that would do nothing is a slip: whoever wrote it counts on it. */
function refuseStrayOptions(command: Command, isInCluster: boolean): void {
  const [stray, when, remedy] = isInCluster
    ? ([[caFileOption()], 'with --cluster', ''] as const)
    : ([clusterOptions(), 'without --cluster', ', or add --cluster'] as const);
  const flags = stray
    .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map(({ long }) => long);
  if (flags.length === 0) return;
  const [verb, them] = flags.length === 1 ? ['does', 'it'] : ['do', 'them'];
  throw new UsageError(`${flags.join(', ')} ${verb} nothing ${when}: leave ${them} out${remedy}`);
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** An hour: Kubernetes' own terminationGracePeriodSeconds is half a minute. */
const mostDrainSeconds = 3600;

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds > mostDrainSeconds)
    throw new InvalidArgumentError(`Seconds are a number from 0 to ${mostDrainSeconds}.`);
  return seconds;
}

/** As the API server takes it: k8s.io/api, `MutatingWebhook.timeoutSeconds`. */
const mostTimeoutSeconds = 30;

function readTimeout(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > mostTimeoutSeconds)
    throw new InvalidArgumentError(`Seconds are a number from 1 to ${mostTimeoutSeconds}.`);
  return seconds;
}

/** Of a DNS label: RFC 1123. */
const mostNameLength = 63;

function readNamespaces(text: string): readonly string[] {
  const names = text.split(',').filter((name) => name !== '');
  const wrong = names.find((name) => name.length > mostNameLength || !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong.slice(0, mostNameLength)}" names no namespace.`);
  return names;
}

const millisecondsOf: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** As Go writes durations, which Kubernetes' users know: `90s`, `24h`. In milliseconds. */
function readDuration(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,6})([smh])$/.exec(text) ?? [];
  const milliseconds = Number(count) * (millisecondsOf[unit ?? ''] ?? Number.NaN);
  if (Number.isNaN(milliseconds)) throw new InvalidArgumentError('A duration is a number and a unit: 90s, 30m, 24h.');
  return milliseconds;
}
