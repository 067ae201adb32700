import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../src/cli/usageError.ts';
import type { Patch } from '../../src/core/json/patch.ts';
import { InputFileError } from '../../src/files/manifests.ts';
import { PolicyFileError } from '../../src/files/policies.ts';
import { ManifestError, readManifest } from '../../src/manifest/readManifest.ts';
import { shop } from '../manifestFolder.ts';
import { run } from './run.ts';

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: example/web # pinned elsewhere
      securityContext: { allowPrivilegeEscalation: false }
`;

describe('preview', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kube-harden-'));
  });
  after(async () => rm(directory, { recursive: true }));

  async function write(name: string, text: string): Promise<string> {
    const file = join(directory, name);
    await writeFile(file, text);
    return file;
  }

  it("shows a difference that keeps the author's text", async () => {
    const { stdout, stderr } = await run(['preview', '-f', '-', '-p', 'restricted'], { stdin: pod });
    expect(stdout).to.equal(`--- a/stdin
+++ b/stdin
@@ -6,4 +6,8 @@
   containers:
     - name: web
       image: example/web # pinned elsewhere
-      securityContext: { allowPrivilegeEscalation: false }
+      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ ALL ] } }
+  securityContext:
+    seccompProfile:
+      type: RuntimeDefault
+    runAsNonRoot: true
`);
    expect(stderr).to.equal(
      '-: Pod web: container web: starts only if its image names a USER by number, not 0; or set runAsUser\n' +
        '1 of 1 pod would change under policy restricted.\n',
    );
  });

  it('tells which document it could not edit in place, and why', async () => {
    const stdin = `a: 1
---
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - name: web # the shop
      image:   example/web
      securityContext: &context { runAsUser: 1000 }
    - name: log
      image: example/log
      securityContext: *context
`;
    const told =
      '-:13:24: document 2: written anew by the YAML library, its spacing may have changed: an alias stands for what changes\n';
    const { stdout, stderr } = await run(['preview', '-f', '-', '-o', 'yaml', '-p', 'minimal'], { stdin });
    expect(stdout)
      .to.match(/^a: 1\n---\napiVersion: v1\nkind: Pod\nmetadata: \{ name: web/)
      .and.to.include(`
spec:
  containers:
    - name: web # the shop
      image: example/web
      securityContext: &context { runAsUser: 1000, allowPrivilegeEscalation: false }
    - name: log
      image: example/log
      securityContext: *context
  securityContext:
    seccompProfile:
      type: RuntimeDefault
`);
    expect(stderr).to.equal(`${told}1 of 1 pod would change under policy minimal.\n`);
    expect((await run(['preview', '-f', '-', '-p', 'minimal'], { stdin })).stderr).to.include(told);
    expect((await run(['preview', '-f', '-', '-p', 'minimal', '-o', 'patch'], { stdin })).stderr).not.to.include(told);
  });

  it('colours the difference where it is asked to', async () => {
    const { stdout } = await run(['preview', '-f', '-'], { stdin: pod, isColored: true });
    expect(stdout)
      .to.include('\u001b[32m+  securityContext:\u001b[39m')
      .and.to.include('\u001b[31m-      securityContext');
  });

  it('prints one patch a pod, as the object takes it', async () => {
    const { stdout } = await run(['preview', '-f', join(shop, 'garden-centre.yaml'), '-o', 'patch']);
    const patches = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Patch);
    expect(patches).to.have.length(3);
    expect(patches[0]?.[0]?.path).to.equal('/spec/template/spec/securityContext');
  });

  it('prints the decisions as data', async () => {
    const { stdout } = await run(['preview', '-f', '-', '-o', 'json', '-p', 'minimal'], { stdin: pod });
    expect(JSON.parse(stdout)).to.deep.equal({
      items: [
        {
          file: '-',
          document: 1,
          kind: 'Pod',
          namespace: null,
          name: 'web',
          policy: 'minimal',
          decisions: [
            {
              rule: 'seccompProfile',
              field: 'securityContext.seccompProfile',
              where: { scope: 'pod' },
              action: 'added',
              path: ['spec', 'securityContext', 'seccompProfile'],
              value: { type: 'RuntimeDefault' },
              message: 'pod: securityContext.seccompProfile: {type: RuntimeDefault}',
            },
            {
              rule: 'allowPrivilegeEscalation',
              field: 'securityContext.allowPrivilegeEscalation',
              where: { scope: 'container', list: 'containers', index: 0, container: 'web' },
              action: 'kept',
              reason: 'explicit',
              value: false,
              message: 'container web: securityContext.allowPrivilegeEscalation kept: set by its author',
            },
          ],
          misplaced: [],
          patch: [{ op: 'add', path: '/spec/securityContext', value: { seccompProfile: { type: 'RuntimeDefault' } } }],
        },
      ],
    });
  });

  it('says what it withholds and what does nothing where it stands', async () => {
    const stdin =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: x }\nspec:\n  securityContext: { readOnlyRootFilesystem: true }\n  containers: [{ name: a, image: b, securityContext: { privileged: true } }]\n';
    const { stderr } = await run(['preview', '-f', '-', '-p', 'minimal'], { stdin });
    expect(stderr).to.equal(
      '-: Pod x: container a: allowPrivilegeEscalation withheld: the container is privileged\n' +
        "-: Pod x: spec.securityContext.readOnlyRootFilesystem does nothing there: it belongs in a container's securityContext\n" +
        '1 of 1 pod would change under policy minimal.\n',
    );
  });

  it('exits with 1 when asked to and something would change', async () => {
    expect((await run(['preview', '-f', '-', '--exit-code'], { stdin: pod })).exitCode).to.equal(1);
    expect((await run(['preview', '-f', '-'], { stdin: pod })).exitCode).to.equal(0);
    expect((await run(['preview', '-f', '-', '--exit-code'], { stdin: 'a: 1\n' })).exitCode).to.equal(0);
  });

  it('reads directories, by name, and below with -R', async () => {
    await mkdir(join(directory, 'tree/below'), { recursive: true });
    await write('tree/b.yaml', pod.replace('name: web', 'name: b'));
    await write(
      'tree/a.json',
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: readManifest(pod, 'x').map(({ value }) => value) }),
    );
    await write('tree/notes.txt', 'not: [a manifest');
    await write('tree/below/c.yml', pod.replace('name: web', 'name: c'));
    const names = async (...args: string[]): Promise<unknown[]> => {
      const { stdout } = await run(['preview', '-o', 'json', '-f', join(directory, 'tree'), ...args]);
      return (JSON.parse(stdout) as { items: { name: string }[] }).items.map(({ name }) => name);
    };
    expect(await names()).to.deep.equal(['web', 'b']);
    expect(await names('-R')).to.deep.equal(['web', 'b', 'c']);
  });

  const errors: readonly (readonly [string, readonly string[], string, new (...args: never[]) => Error, string])[] = [
    [
      'no input',
      ['preview'],
      '',
      UsageError,
      'nothing to read: name files or directories with -f, or - for standard input',
    ],
    ['a missing file', ['preview', '-f', 'no.yaml'], '', InputFileError, 'no.yaml: no such file or directory'],
    [
      'an unknown policy',
      ['preview', '-f', '-', '-p', 'x'],
      '',
      UsageError,
      'no built-in policy is called "x": there are hardened, minimal, restricted; a file of your own is given by its path, such as ./mine.yaml',
    ],
    [
      'a missing policy',
      ['preview', '-f', '-', '-p', './no.yaml'],
      '',
      PolicyFileError,
      './no.yaml: no such file or directory',
    ],
    [
      'broken YAML',
      ['preview', '-f', '-'],
      'a: 1\n---\nb: [\n',
      ManifestError,
      '-:4:1: document 2: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'a pod that is none',
      ['preview', '-f', '-'],
      'a: 1\n---\napiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers: none\n',
      UsageError,
      '-:8: document 2: spec.template.spec.containers: must be a list, is a string',
    ],
  ];
  for (const [name, args, stdin, kind, message] of errors) {
    it(`complains about ${name}`, async () => {
      const error: unknown = await run(args, { stdin }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(kind);
      expect((error as Error).message).to.equal(message);
    });
  }

  it('complains about a policy with file, line and path', async () => {
    const file = await write(
      'policy.yaml',
      'apiVersion: kube-harden.io/v1alpha1\nkind: HardeningPolicy\nmetadata:\n  name: mine\nspec:\n  pod:\n    runAsNonRoot: true\n    allowPrivilegeEscalation: false\n',
    );
    const error: unknown = await run(['preview', '-f', '-', '-p', file], { stdin: pod }).catch(
      (thrown: unknown) => thrown,
    );
    expect((error as Error).message).to.equal(
      `${file}:8: spec.pod.allowPrivilegeEscalation: is a container-level field: it belongs under spec.container`,
    );
  });

  it('refuses what it could not write back: other encodings than UTF-8, and binary files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kube-harden-encoding-'));
    const file = join(folder, 'pod.yaml');
    for (const bytes of [
      Buffer.from([0x23, 0xe9, 0x0a]),
      Buffer.from('\ufeffkind: Pod\n', 'utf16le'),
      Buffer.alloc(9),
    ]) {
      await writeFile(file, bytes);
      const failure: unknown = await run(['preview', '-f', file]).catch((error: unknown) => error);
      expect((failure as Error).message).to.equal(`${file}: is not UTF-8`);
    }
    await rm(folder, { recursive: true });
  });
});
