import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const main = join(import.meta.dirname, '../../src/main.ts');

function runMain(args: readonly string[], input = ''): { stdout: string; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], { input, encoding: 'utf8' });
  return { stdout, stderr, status };
}

describe('main', () => {
  const usage: readonly (readonly [readonly string[], string])[] = [
    [['preview'], 'kube-harden: nothing to read: name files or directories with -f, or - for standard input\n'],
    [['preview', '-x'], "kube-harden: unknown option '-x'; --help shows what there is\n"],
    [['previw'], "kube-harden: unknown command 'previw' (Did you mean preview?); --help shows what there is\n"],
    [
      ['preview', '-f', '-', '-o', 'xml'],
      "kube-harden: option '-o, --output <FORMAT>' argument 'xml' is invalid. Allowed choices are diff, patch, yaml, json; --help shows what there is\n",
    ],
    [['explain', '-f', 'no.yaml'], 'kube-harden: no.yaml: no such file or directory\n'],
    [['preview', '-f', '-', '-p', 'x/'], 'kube-harden: x/: no such file or directory\n'],
  ];
  for (const [args, message] of usage) {
    it(`exits with 2 and one line for ${args.join(' ')}`, () => {
      expect(runMain(args)).to.deep.equal({ stdout: '', stderr: message, status: 2 });
    });
  }

  it('exits with 1 where asked to and something would change', () => {
    const pod = '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}]}}';
    expect(runMain(['preview', '-f', '-', '--exit-code'], pod).status).to.equal(1);
  });

  it('writes data to stdout alone, without colours where that is no terminal', () => {
    const pod = '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}]}}';
    const { stdout, stderr, status } = runMain(['preview', '-f', '-'], pod);
    expect({ status, stderr }).to.deep.equal({
      status: 0,
      stderr:
        '-: Pod (no name): container a: starts only if its image names a USER by number, not 0; or set runAsUser\n' +
        '-: Pod (no name): container a: no writable path is known; annotate kube-harden.io/writable-paths if it writes\n' +
        '1 of 1 pod would change under policy hardened.\n',
    });
    expect(stdout)
      .to.match(/^--- a\/stdin\n/)
      .and.to.not.include('\u001b');
  });

  it('exits with 2 and one line where the output finds no room', function () {
    // Linux alone has a device that is always full.
    if (!existsSync('/dev/full')) this.skip();
    const full = openSync('/dev/full', 'w');
    const args = [main, 'preview', '-f', join(import.meta.dirname, '../../samples/nginx.yaml')];
    const { stderr, status } = spawnSync(process.execPath, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    closeSync(full);
    expect(stderr)
      .to.match(/^kube-harden: standard output: no space is left$/m)
      .and.to.not.include(' at ');
    expect(status).to.equal(2);
  });

  for (const command of [[], ['preview'], ['explain'], ['serve']]) {
    it(`helps with ${command.join('') || 'everything'}`, () => {
      const { stdout, status } = runMain([...command, '--help']);
      expect(status).to.equal(0);
      expect(stdout).to.match(/^Usage: kube-harden/);
      if (command.length > 0) expect(stdout).to.include('Examples:\n');
    });
  }

  it('tells its version', () => {
    expect(runMain(['--version'])).to.deep.equal({ stdout: '0.1.0\n', stderr: '', status: 0 });
  });
});
