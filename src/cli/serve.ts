import { Command, InvalidArgumentError, Option } from 'commander';
import type { ServeOptions } from '../server/serve.ts';

const examples = `
Examples:
  kube-harden serve                                   # a throwaway certificate, and a curl line that tries it
  kube-harden serve --policies ./policies --port 9443
  kube-harden serve --tls-cert tls.crt --tls-key tls.key
`;

/** Makes the `serve` command: the webhook. */
export function serveCommand(): Command {
  return new Command('serve')
    .summary('run the webhook')
    .description(
      'Runs the webhook over HTTPS: POST /enforce/<policy> and /preview/<policy> take AdmissionReview v1,\nGET /healthz and /readyz tell how it is. Logs go to standard output, one JSON object a line.',
    )
    .option('--policies <DIR>', 'a directory of policies, instead of the built-in ones')
    .addOption(new Option('--port <PORT>', 'the port to listen on').argParser(readPort).default(8443))
    .option('--host <ADDRESS>', 'the address to listen on (default: all)')
    .option('--tls-cert <FILE>', 'the certificate, in PEM; read again when it changes')
    .option('--tls-key <FILE>', 'its key, in PEM')
    .option('--ca-file <FILE>', "where to write the throwaway certificate's CA", '.kube-harden/ca.crt')
    .addOption(
      new Option('--drain-seconds <SECONDS>', 'how long to serve on after SIGTERM').argParser(readSeconds).default(5),
    )
    .addOption(new Option('--log-level <LEVEL>').choices(['error', 'warn', 'info', 'debug']).default('info'))
    .addHelpText('after', examples)
    .action(async (options: ServeOptions) => {
      // Express, winston and TLS are for this command alone; the others start without them.
      const { serve } = await import('../server/serve.ts');
      await serve(options);
    });
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
