import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRecorded, until } from './client.ts';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'src/main.ts');

interface Serving {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
}

function serve(args: readonly string[], nodeArgs: readonly string[] = []): Serving {
  const child = spawn(process.execPath, [...nodeArgs, main, 'serve', ...args], { cwd: root });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { child, stdout: () => stdout, stderr: () => stderr, exit };
}

async function portOf({ stdout }: Serving): Promise<number> {
  await until(() => stdout().includes('"listening"'));
  return Number(/"port":(\d+)/.exec(stdout())?.[1]);
}

describe('serve', () => {
  let directory = '';
  let caFile = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kube-harden serve-'));
    caFile = join(directory, 'ca.crt');
  });
  after(async () => rm(directory, { recursive: true }));

  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a certificate without its key', ['--tls-cert', 'x'], /^kube-harden: --tls-cert and --tls-key go together\n$/],
    [
      'files that are not there',
      ['--tls-cert', 'x', '--tls-key', 'y'],
      /^kube-harden: x: no such file or directory\n$/,
    ],
    [
      'no policies',
      ['--policies', 'test/server'],
      /^kube-harden: test\/server: has no policies \(\*\.yaml, \*\.yml or \*\.json\)\n$/,
    ],
    ['a bad port', ['--port', '70000'], /^kube-harden: [^\n]*A port is a number from 0 to 65535[^\n]*\n$/],
    [
      "an address of another machine's",
      ['--port', '0', '--host', '192.0.2.1'],
      /^kube-harden: 192\.0\.2\.1: is no address of this machine\n$/,
    ],
    [
      'a CA file that cannot be written',
      ['--port', '0', '--host', '127.0.0.1', '--ca-file', 'package.json/ca.crt'],
      /^kube-harden: package\.json\/ca\.crt: [^\n]+ \(the CA goes there; --ca-file names another place\)\n$/,
    ],
  ];
  for (const [name, args, message] of cases) {
    it(`does not start with ${name}, says so in one line, and exits with 2`, async () => {
      const { exit, stderr } = serve(['--ca-file', caFile, ...args]);
      expect(await exit).to.equal(2);
      expect(stderr()).to.match(message);
    });
  }

  it("does not start on a port in use, and leaves the other server's CA alone", async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await writeFile(caFile, 'the CA of the other');
    const { exit, stderr } = serve(['--ca-file', caFile, '--host', '127.0.0.1', '--port', String(port)]);
    expect(await exit).to.equal(2);
    expect(stderr()).to.equal(`kube-harden: port ${port} is in use: choose another one with --port\n`);
    expect(readFileSync(caFile, 'utf8')).to.equal('the CA of the other');
    other.close();
  });

  it('prints a line that hardens a sample pod when it is pasted', async () => {
    const serving = serve(['--ca-file', caFile, '--host', '127.0.0.1', '--port', '0']);
    await until(() => serving.stderr().includes('curl'));
    const line = /^curl .+$/m.exec(serving.stderr())?.[0] ?? '';
    const { response } = JSON.parse(execFileSync('sh', ['-c', line], { cwd: root, encoding: 'utf8' })) as {
      response: Record<string, unknown>;
    };
    expect(response).to.include({ allowed: true, patchType: 'JSONPatch' });
    serving.child.kill('SIGTERM');
    serving.child.kill('SIGINT');
    expect(await serving.exit).to.equal(0);
    expect(existsSync(caFile)).to.equal(true);
  }).timeout(20_000);

  it('drains on SIGTERM: not ready, serves on, finishes what is in flight, exits with 0', async () => {
    const args = ['--ca-file', caFile, '--host', '127.0.0.1', '--port', '0', '--drain-seconds', '1'];
    const serving = serve(args);
    const port = await portOf(serving);
    await until(() => serving.stderr().includes('curl'));
    const agent = new Agent({ ca: readFileSync(caFile), keepAlive: true });
    const to = { host: '127.0.0.1', port, agent };
    const status = async (path: string): Promise<number | undefined> => {
      const [response] = await once(get({ ...to, path }), 'response');
      response.resume();
      return (response as { statusCode?: number }).statusCode;
    };
    expect(await status('/readyz')).to.equal(200);
    const body = readRecorded('create-pod');
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const slow = request({ ...to, path: '/enforce/hardened', method: 'POST', headers });
    slow.write(body.slice(0, 10));
    const answered = once(slow, 'response');

    serving.child.kill('SIGTERM');
    await until(() => serving.stdout().includes('"draining"'));
    expect(await status('/readyz')).to.equal(503);
    expect(await status('/healthz')).to.equal(200);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    slow.end(body.slice(10));
    const [response] = await answered;
    expect((response as { statusCode?: number }).statusCode).to.equal(200);
    response.resume();
    expect(await serving.exit).to.equal(0);
    const messages = serving
      .stdout()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { message: string }).message);
    expect(messages).to.deep.equal(['listening', 'draining', 'refused', 'review', 'closed']);
    agent.destroy();
  }).timeout(20_000);

  it('logs an exception that nobody has caught, and exits with 1', async () => {
    const fault = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("nobody foresaw this")})';
    const serving = serve(['--ca-file', caFile, '--host', '127.0.0.1', '--port', '0'], ['--import', fault]);
    await portOf(serving);
    serving.child.kill('SIGUSR2');
    expect(await serving.exit).to.equal(1);
    const last = JSON.parse(serving.stdout().trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(last).to.include({ level: 'error', message: 'uncaught exception' });
    expect(last['error']).to.match(/^Error: nobody foresaw this\n +at /);
  }).timeout(20_000);
});
