import { expect } from 'chai';
import type { Decision } from '../../src/core/decisions/decision.ts';
import { warnings } from '../../src/core/sentences.ts';

function withhold(count: number, name = 'c'): Decision[] {
  return Array.from({ length: count }, (_, index) => ({
    rule: 'capabilities',
    field: 'securityContext.capabilities.drop',
    where: { scope: 'container', list: 'containers', index, container: `${name}${index}` },
    action: 'withheld',
    reason: 'privileged',
  }));
}

describe('warnings', () => {
  it('say each withheld field with its reason', () => {
    expect(warnings(withhold(1), 'enforce', 'p')).to.deep.equal([
      'kube-harden: container c0: capabilities.drop withheld: the container is privileged',
    ]);
  });

  it('stay below what the API server passes on, and say so', () => {
    const lines = warnings(withhold(500), 'enforce', 'p');
    expect(lines.join('').length).to.be.below(4096);
    expect(lines.at(-1)).to.match(/^kube-harden: 4\d\d more lines: the audit log has the withheld fields$/);
  });

  it('are cut to what Kubernetes advises', () => {
    expect(warnings(withhold(1, 'x'.repeat(200)), 'enforce', 'p').map(({ length }) => length)).to.deep.equal([120]);
  });

  it('have no control characters, for which the API server would drop them', () => {
    expect(warnings(withhold(1, 'a\nb\u007f'), 'enforce', 'p')[0]).to.include('container a?b?0:');
  });

  it('are none where nothing was done', () => {
    expect(warnings([], 'enforce', 'p')).to.deep.equal([]);
  });
});
