import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from './cli/run.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

describe('the README', () => {
  it('shows what its first command prints', async () => {
    const { stdout } = await run(['preview', '-f', join(root, 'samples/nginx.yaml')]);
    const printed = stdout
      .replaceAll(root, '')
      .replaceAll(/^(---|\+\+\+) ([ab])\/\//gm, '$1 $2/')
      .split('\n');
    const shown = (/```diff\n(.*?)```/s.exec(readme)?.[1] ?? '').split('\n');
    expect(shown).to.have.length(printed.length);
    // Long lines are cut there.
    shown.forEach((line, index) => {
      if (line.endsWith('…')) expect(printed[index]?.startsWith(line.slice(0, -1)), line).to.equal(true);
      else expect(printed[index]).to.equal(line);
    });
  });

  it('shows the line that its second command prints', () => {
    const line =
      "curl --silent --cacert .kube-harden/ca.crt --header 'Content-Type: application/json' --data @samples/review-nginx.json https://localhost:8443/enforce/hardened";
    expect(readme).to.include(`\n${line}\n`);
  });

  it('and its links lead somewhere', () => {
    for (const file of [
      'README.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'docs/inspect.md',
      'docs/rules.md',
      'docs/policies.md',
      'docs/platforms.md',
      'manifests/README.md',
    ]) {
      const text = readFileSync(join(root, file), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue;
        expect(existsSync(join(root, file, '..', target)), `${file}: ${target}`).to.equal(true);
      }
    }
  });
});
