import { expect } from 'chai';
import { InputFileError } from '../../src/files/manifests.ts';
import { run } from './run.ts';

describe('why', () => {
  it('says from a log what is wrong and what to do', async () => {
    const stdin = 'starting\nnginx: [emerg] open() "/var/run/nginx.pid" failed (30: Read-only file system)\n';
    const { stdout, stderr } = await run(['why', '-f', '-'], { stdin });
    expect(stdout).to.equal(
      `read-only-root (/var/run): it writes to its root filesystem, which is read-only
  nginx: [emerg] open() "/var/run/nginx.pid" failed (30: Read-only file system)
  remedy: annotate the pod, in its workload's template, with kube-harden.io/writable-paths: "/var/run"; it counts for new pods
  as a merge patch of the pod: {"metadata":{"annotations":{"kube-harden.io/writable-paths":"/var/run"}}}
`,
    );
    expect(stderr).to.equal('');
  });

  it('puts writable paths together', async () => {
    const stdin = 'open /var/run/a: read-only file system\nopen /data/b: permission denied\n';
    const { stdout } = await run(['why', '-f', '-'], { stdin });
    expect(stdout.split('\n').at(-2)).to.equal('all of them at once: kube-harden.io/writable-paths: "/var/run, /data"');
  });

  it("reads a pod's status, as YAML and as JSON", async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      status: {
        containerStatuses: [
          {
            name: 'web',
            state: { waiting: { message: 'container has runAsNonRoot and image will run as root (pod: "web")' } },
          },
        ],
      },
    };
    const yaml = `apiVersion: v1\nkind: Pod\nstatus:\n  containerStatuses:\n    - name: web\n      state:\n        waiting:\n          message: 'container has runAsNonRoot and\n            image will run as root (pod: "web")'\n`;
    for (const stdin of [JSON.stringify(pod, null, 2), yaml]) {
      const { stdout } = await run(['why', '-f', '-', '-o', 'json'], { stdin });
      const { findings } = JSON.parse(stdout) as { findings: readonly object[] };
      expect(findings).to.have.length(1);
      expect(findings[0]).to.have.all.keys('container', 'line', 'cause', 'path', 'capability', 'remedy');
      expect(findings[0]).to.include({ container: 'web', cause: 'root-image', path: null, capability: null });
    }
  });

  it('reads a status and a log one after the other as lines', async () => {
    const stdin = `apiVersion: v1\nkind: Pod\nstatus:\n  message: 'container has runAsNonRoot and image will run as root'\nTraceback: [\nsu-exec: setgroups: Operation not permitted\n`;
    const { stdout } = await run(['why', '-f', '-', '-o', 'json'], { stdin });
    const { findings } = JSON.parse(stdout) as { findings: readonly { cause: string }[] };
    expect(findings.map(({ cause }) => cause)).to.deep.equal(['root-image', 'drops-user']);
  });

  it('says that it does not know', async () => {
    expect(await run(['why', '-f', '-'], { stdin: 'hello\nworld' })).to.deep.equal({
      stdout: '',
      stderr: 'I do not know: none of 2 lines says anything that hardening could have caused.\n',
      exitCode: 0,
    });
    expect((await run(['why', '-f', '-'], { stdin: 'hello\n' })).stderr).to.equal(
      'I do not know: the one line there is says nothing that hardening could have caused.\n',
    );
    expect((await run(['why', '-f', '-', '-o', 'json'], { stdin: 'hello' })).stdout).to.equal(
      '{\n  "findings": []\n}\n',
    );
  });

  it('complains about nothing to read, and about what cannot be read', async () => {
    const failure = async (...args: string[]): Promise<unknown> =>
      run(['why', ...args]).catch((error: unknown) => error);
    expect(String(await failure())).to.equal(
      'UsageError: nothing to read: name a log or a status with -f, or - for standard input',
    );
    expect(String(await run(['why', '-f', '-'], { stdin: '\n' }).catch((error: unknown) => error))).to.equal(
      'UsageError: -: nothing in there',
    );
    const missing = await failure('-f', 'no.log');
    expect(missing).to.be.instanceOf(InputFileError);
    expect((missing as Error).message).to.equal('no.log: no such file or directory');
  });
});
