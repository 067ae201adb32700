import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../..');

describe('npm run new-rule', function () {
  this.timeout(120_000);
  let copy = '';

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'kube-harden-new-rule-'));
    const leftOut = ['node_modules', '.git', 'dist', 'coverage', '.kube-harden'].map((name) => join(root, name));
    cpSync(root, copy, { recursive: true, filter: (path) => !leftOut.includes(path) });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  const start = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['scripts/newRule.ts', ...args], { cwd: copy, encoding: 'utf8' });

  /** Runs the tests that hold rules complete; without colours. */
  const test = (golden: boolean): { status: number | null; stdout: string } => {
    const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
    const files = ['test/core/fixtures.test.ts', 'test/core/rulePages.test.ts', 'test/cluster/policyResource.test.ts'];
    const grep = '^(rules|the definition of HardeningPolicy) ';
    return spawnSync(process.execPath, [mocha, '--no-config', '--reporter=dot', '--grep', grep, ...files], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, ...(golden && { UPDATE_GOLDEN: '1' }) },
    });
  };

  const write = (path: string, change: (text: string) => string): void => {
    const file = join(copy, path);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };

  it('says in one line what it takes', () => {
    const usage = "usage: npm run new-rule -- <field>, which is Kubernetes' own name for it, such as procMount\n";
    for (const args of [[], ['Proc-Mount'], ['../x'], ['a', 'b']]) {
      const { status, stderr } = start(...args);
      expect({ status, stderr }, args.join(' ')).to.deep.equal({ status: 2, stderr: usage });
    }
  });

  it('overwrites nothing', () => {
    const { status, stderr } = start('runAsUser');
    expect({ status, stderr }).to.deep.equal({ status: 2, stderr: 'src/core/rules/runAsUser.ts: is there already\n' });
  });

  it('makes what the tests refuse until it is written, golden files or not', () => {
    const { status, stdout } = start('procMount');
    expect(status).to.equal(0);
    expect(stdout).to.include('1. src/core/rules/procMount.ts: the opening comment, and what it decides\n');
    for (const golden of [false, true]) {
      const tested = test(golden);
      expect(tested.status).to.not.equal(0);
      expect(tested.stdout).to.include(
        'src/core/rules/procMount.ts: its opening comment does not say "procMount: …" yet',
      );
      expect(tested.stdout).to.include('test/fixtures/procMount/missing.input.yaml: is still to be written');
      expect(tested.stdout).to.include('test/fixtures/procMount/explicit.input.yaml: is still to be written');
    }
  });

  it('leaves what the linter and the compiler take', () => {
    const biome = spawnSync(join(root, 'node_modules/.bin/biome'), ['check', '--vcs-enabled=false', 'src'], {
      cwd: copy,
      encoding: 'utf8',
    });
    expect(biome.status, biome.stdout + biome.stderr).to.equal(0);
    const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(copy, 'tsconfig.json')], {
      cwd: copy,
      encoding: 'utf8',
    });
    expect(tsc.status, tsc.stdout).to.equal(0);
  });

  it('comes to a rule like the others once that is written', () => {
    write('src/core/rules/procMount.ts', (text) => text.replaceAll('TO WRITE, ', 'this says '));
    for (const name of ['missing', 'explicit']) {
      write(`test/fixtures/procMount/${name}.input.yaml`, () => 'spec: { containers: [{ name: app }] }\n');
    }
    expect(test(true).status).to.equal(0);
    const { status, stdout } = test(false);
    expect(status, stdout).to.equal(0);
    expect(readFileSync(join(copy, 'docs/rules/procMount.md'), 'utf8')).to.include('This says why the rule exists.');
    expect(readFileSync(join(copy, 'docs/rules.md'), 'utf8')).to.include('| [`procMount`](rules/procMount.md) |');
  });
});
