import { join } from 'node:path';
import { expect } from 'chai';
import { builtInPolicies, loadPolicies, loadPolicyFile, PolicyFileError } from '../../src/files/policies.ts';
import { refusalOf, temporaryFolders } from './temporaryFolder.ts';

function policy(name: string, spec = '{}'): string {
  return `apiVersion: kube-harden.io/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

describe('loadPolicies', () => {
  const makeFolder = temporaryFolders();

  it('has those that kube-harden brings', async () => {
    expect([...(await loadPolicies(builtInPolicies)).keys()]).to.include.members(['minimal', 'restricted', 'hardened']);
  });

  it('reads YAML and JSON, several of a file, and nothing but its own folder', async () => {
    const folder = makeFolder({
      'b.yaml': `${policy('b')}---\n${policy('c')}`,
      'a.json': JSON.stringify({
        apiVersion: 'kube-harden.io/v1alpha1',
        kind: 'HardeningPolicy',
        metadata: { name: 'a' },
        spec: { pod: { runAsNonRoot: true } },
      }),
      'notes.md': 'no policy',
      'below/d.yaml': policy('d'),
    });
    const policies = await loadPolicies(folder);
    expect([...policies.keys()]).to.deep.equal(['a', 'b', 'c']);
    expect(policies.get('a')?.pod).to.deep.equal({ runAsNonRoot: true });
  });

  const refusals: Readonly<Record<string, readonly [Readonly<Record<string, string>>, string]>> = {
    'two of one name': [
      { 'a.yaml': policy('a'), 'b.yaml': policy('a') },
      '<folder>/b.yaml: policy a is already in <folder>/a.yaml',
    ],
    'an empty folder': [{ 'notes.md': '' }, '<folder>: has no policies (*.yaml, *.yml or *.json)'],
    'an empty file': [{ 'a.yaml': '# nothing\n' }, '<folder>/a.yaml: has no policy in it'],
    'a value that weakens': [
      { 'a.yaml': policy('a', '\n  container:\n    allowPrivilegeEscalation: true') },
      '<folder>/a.yaml:6: spec.container.allowPrivilegeEscalation: must be false, not true',
    ],
    'several slips': [
      { 'a.yaml': policy('a', '\n  pods: {}\n  container:\n    privileged: false') },
      '<folder>/a.yaml:7: spec.container.privileged: is no field that kube-harden fills in (and 1 more)',
    ],
    'no YAML': [{ 'a.yaml': 'a: ]' }, ''],
  };
  for (const [what, [files, message]] of Object.entries(refusals)) {
    it(`refuses ${what}, and says where`, async () => {
      const folder = makeFolder(files);
      const told = (await refusalOf(loadPolicies(folder), PolicyFileError)).replaceAll(folder, '<folder>');
      expect(told).to.match(/^<folder>[^\n]+$/);
      if (message !== '') expect(told).to.equal(message);
    });
  }

  it('refuses a folder and a file that are not there', async () => {
    const folder = makeFolder({});
    const [none, file] = [join(folder, 'none'), join(folder, 'none.yaml')];
    expect(await refusalOf(loadPolicies(none), PolicyFileError)).to.equal(`${none}: no such file or directory`);
    expect(await refusalOf(loadPolicyFile(file), PolicyFileError)).to.equal(`${file}: no such file or directory`);
  });
});
