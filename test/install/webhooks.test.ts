import { expect } from 'chai';
import { makeWebhooks } from '../../src/cluster/webhookConfiguration.ts';
import { someChoices } from '../cluster/webhooks.ts';
import type { Overlay } from './install.ts';
import { overlays, policyNames, webhooksOf } from './install.ts';

describe('the webhook configuration', () => {
  it('enforces and previews each policy', () => {
    const paths = webhooksOf('opt-in').map(({ clientConfig }) => clientConfig.service.path);
    const expected = policyNames.flatMap((policy) => [`/enforce/${policy}`, `/preview/${policy}`]);
    expect(paths).to.have.members([...expected, '/enforce/none', '/preview/none']);
  });

  it('calls the policy of its name, and by default hardened', () => {
    for (const { name, clientConfig } of webhooksOf('cluster-wide')) {
      if (name.startsWith('no-such-')) continue;
      const [policy, mode] = name === 'default-policy.kube-harden.io' ? ['hardened', 'enforce'] : name.split('.');
      expect(clientConfig.service.path).to.equal(`/${mode}/${policy}`);
      expect(Buffer.from(clientConfig.caBundle, 'base64').toString()).to.equal('a CA');
    }
  });

  it('selects by the label of its mode the policy of its path', () => {
    for (const { name, clientConfig, namespaceSelector } of webhooksOf('opt-in')) {
      if (name.startsWith('no-such-')) continue;
      const [, mode, policy] = clientConfig.service.path.split('/');
      const [, byLabel, ...others] = namespaceSelector.matchExpressions;
      expect(byLabel).to.deep.equal({ key: `kube-harden.io/${mode}`, operator: 'In', values: [policy] });
      expect(others).to.deep.equal([]);
    }
  });

  it('may block pods only where somebody asked for it by a label', () => {
    const withFailurePolicy = (overlay: Overlay, failurePolicy: string) =>
      webhooksOf(overlay)
        .filter((entry) => entry.failurePolicy === failurePolicy)
        .map(({ name }) => name.replace('.kube-harden.io', ''));
    const enforcing = policyNames.map((policy) => `${policy}.enforce`);
    const previewing = [...policyNames.map((policy) => `${policy}.preview`), 'no-such-preview'];
    expect(withFailurePolicy('cluster-wide', 'Fail')).to.have.members(enforcing);
    expect(withFailurePolicy('cluster-wide', 'Ignore')).to.have.members(['default-policy', ...previewing]);
    expect(withFailurePolicy('opt-in', 'Fail')).to.have.members(['no-such-policy', ...enforcing]);
    expect(withFailurePolicy('opt-in', 'Ignore')).to.have.members(previewing);
  });

  it('previews last, so that a preview tells what its policy would add to what is enforced', () => {
    for (const overlay of overlays) {
      const modes = webhooksOf(overlay).map(({ name }) => name.split('.')[1]);
      expect(modes.indexOf('preview')).to.be.greaterThan(modes.lastIndexOf('enforce'));
    }
  });

  for (const overlay of overlays) {
    describe(overlay, () => {
      for (const entry of webhooksOf(overlay)) {
        it(entry.name, () => {
          expect(entry.name, 'three segments or more, of a domain').to.match(/^[a-z0-9-]+(\.[a-z0-9-]+){2,}$/);
          const [byName] = entry.namespaceSelector.matchExpressions;
          expect(byName).to.deep.equal({
            key: 'kubernetes.io/metadata.name',
            operator: 'NotIn',
            values: ['kube-system', 'kube-public', 'kube-node-lease', 'kube-harden'],
          });
          const atCore = { apiGroups: [''], apiVersions: ['v1'], scope: 'Namespaced' };
          expect(entry.rules).to.deep.equal([
            { ...atCore, operations: ['CREATE'], resources: ['pods'] },
            { ...atCore, operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'] },
          ]);
          expect(entry.timeoutSeconds).to.be.within(1, 3);
          const { admissionReviewVersions, matchPolicy, reinvocationPolicy, sideEffects } = entry;
          expect({ admissionReviewVersions, matchPolicy, reinvocationPolicy, sideEffects }).to.deep.equal({
            admissionReviewVersions: ['v1'],
            matchPolicy: 'Equivalent',
            reinvocationPolicy: 'IfNeeded',
            sideEffects: 'None',
          });
        });
      }
    });
  }

  it('has names that are unique, whatever policies are called', () => {
    for (const defaultPolicy of [undefined, 'hardened']) {
      const names = makeWebhooks({
        ...someChoices,
        policies: ['default', 'default-policy', 'no-such-policy', 'no-such-preview', 'enforce', 'preview', 'hardened'],
        defaultPolicy,
      }).map(({ name }) => name);
      expect(new Set(names).size).to.equal(names.length);
    }
  });

  it('leaves out each namespace that it is told, once', () => {
    const excludedNamespaces = ['shop', 'kube-system', 'shop'];
    for (const { namespaceSelector } of makeWebhooks({ ...someChoices, excludedNamespaces })) {
      expect(namespaceSelector)
        .to.have.nested.property('matchExpressions[0]')
        .that.deep.equals({
          key: 'kubernetes.io/metadata.name',
          operator: 'NotIn',
          values: ['kube-system', 'kube-public', 'kube-node-lease', 'kube-harden', 'shop'],
        });
    }
  });

  it('waits as long as it is told where it enforces, and a second for a preview', () => {
    for (const defaultPolicy of [undefined, 'hardened']) {
      const webhooks = makeWebhooks({ ...someChoices, defaultPolicy, timeoutSeconds: 30 });
      for (const { name, timeoutSeconds } of webhooks) {
        expect(timeoutSeconds, String(name)).to.equal(String(name).includes('preview') ? 1 : 30);
      }
    }
  });
});
