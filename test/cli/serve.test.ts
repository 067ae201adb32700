import { expect } from 'chai';
import { makeProgram } from '../../src/cli/program.ts';
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

describe('serve', () => {
  const clusterFlags = [
    ...['--kubeconfig', '--namespace', '--default-policy', '--webhook-url', '--tls-ca'],
    ...['--ca-lifetime', '--certificate-lifetime'],
  ];
  for (const flag of clusterFlags) {
    it(`refuses ${flag} without --cluster`, async () => {
      // What the flag says by default anyway is a slip too.
      const value = flag.endsWith('lifetime') ? '24h' : 'kube-harden';
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
});
