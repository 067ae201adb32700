import { expect } from 'chai';
import { makeProgram } from '../../src/cli/program.ts';
import { serveCommand } from '../../src/cli/serve.ts';
import { UsageError } from '../../src/cli/usageError.ts';
import { run } from './run.ts';

const unusedStreams = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isColored: false,
  setExitCode: () => {},
};

async function refusal(args: readonly string[]): Promise<string> {
  try {
    await run(['serve', ...args]);
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error('it started');
}

/** What an option makes of its value; the message where it refuses it. */
function read(flag: string, text: string): unknown {
  const option = serveCommand().options.find(({ long }) => long === flag);
  try {
    return option?.parseArg?.(text, undefined);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

describe('serve', () => {
  const clusterFlags = [
    ...['--kubeconfig', '--namespace', '--default-policy', '--excluded-namespaces', '--timeout-seconds'],
    ...['--webhook-url', '--tls-ca', '--ca-lifetime', '--certificate-lifetime'],
  ];
  for (const flag of clusterFlags) {
    it(`refuses ${flag} without --cluster`, async () => {
      // What the flag says by default anyway is a slip too.
      const value = flag.endsWith('lifetime') ? '24h' : flag.endsWith('seconds') ? '3' : 'kube-harden';
      const message = `${flag} does nothing without --cluster: leave it out, or add --cluster`;
      expect(await refusal([flag, value])).to.equal(message);
    });
  }

  it('names all that it refuses', async () => {
    expect(await refusal(['--webhook-url', 'https://a', '--port', '1', '--kubeconfig', 'b'])).to.equal(
      '--kubeconfig, --webhook-url do nothing without --cluster: leave them out, or add --cluster',
    );
  });

  it('refuses --ca-file with --cluster', async () => {
    expect(await refusal(['--cluster', '--ca-file', 'ca.crt'])).to.equal(
      '--ca-file does nothing with --cluster: leave it out',
    );
  });

  it('helps with what a cluster needs in one group', async () => {
    const serve = makeProgram(unusedStreams).commands.find((command) => command.name() === 'serve');
    const stdout = serve?.helpInformation() ?? '';
    const groups = [...stdout.matchAll(/^(\S[^\n]*):\n((?: +[^\n]*\n)+)/gm)].map(([, heading = '', lines = '']) => [
      heading,
      [...lines.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag),
    ]);
    expect(groups.slice(0, 3)).to.deep.equal([
      [
        'Options',
        [
          ...['--policies', '--port', '--metrics-port', '--host', '--tls-cert', '--tls-key', '--drain-seconds'],
          ...['--log-level', '--help'],
        ],
      ],
      ['Without a cluster', ['--ca-file']],
      ['In a cluster', ['--cluster', ...clusterFlags]],
    ]);
  });

  it('reads namespaces to leave out', () => {
    expect(read('--excluded-namespaces', 'shop,gke-gmp-system')).to.deep.equal(['shop', 'gke-gmp-system']);
    expect(read('--excluded-namespaces', '')).to.deep.equal([]);
    const longest = 'a'.repeat(63);
    expect(read('--excluded-namespaces', longest)).to.deep.equal([longest]);
    for (const name of ['Shop', 'openshift-*', '-a', 'a-', 'a b', 'a.b']) {
      expect(read('--excluded-namespaces', `shop,${name}`)).to.equal(`"${name}" names no namespace.`);
    }
    expect(read('--excluded-namespaces', 'a'.repeat(1000))).to.equal(`"${longest}" names no namespace.`);
  });

  it('reads how long the API server waits', () => {
    expect(['1', '7', '30'].map((text) => read('--timeout-seconds', text))).to.deep.equal([1, 7, 30]);
    for (const text of ['0', '31', '1.5', '-1', 'x', '']) {
      expect(read('--timeout-seconds', text), text).to.equal('Seconds are a number from 1 to 30.');
    }
  });
});
