import { expect } from 'chai';
import { harden, isRefusal } from '../../src/core/harden.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { findRemarks } from '../../src/core/remarks.ts';
import { describeRemark } from '../../src/core/sentences.ts';
import { builtInPolicy, makePolicy } from './policies.ts';

function remarksOf(container: JsonObject, policy = builtInPolicy('restricted')): readonly string[] {
  const answer = harden({ spec: { containers: [{ name: 'web', image: 'a', ...container }] } }, policy);
  if (isRefusal(answer)) throw new Error(answer.refusal);
  return findRemarks(answer.decisions).map(describeRemark);
}

const rootThat = (fields: JsonObject): JsonObject => ({ securityContext: { runAsUser: 0, ...fields } });

describe('a container that runs as root', () => {
  it('is told what fails without the capabilities that it loses', () => {
    expect(remarksOf(rootThat({}))).to.deep.equal([
      'container web: root without capabilities: chown, setuid, ports below 1024 fail unless in capabilities.add',
    ]);
  });

  it('is told of those alone that it does not add by name', () => {
    expect(remarksOf(rootThat({ capabilities: { add: ['CAP_CHOWN', 'net_bind_service'] } }))).to.deep.equal([
      'container web: root without capabilities: setuid fail unless in capabilities.add',
    ]);
    const add = ['CHOWN', 'SETUID', 'NET_BIND_SERVICE'];
    expect(remarksOf(rootThat({ capabilities: { add } }))).to.deep.equal([]);
  });

  it('is told nothing where nothing is taken from it', () => {
    expect(remarksOf(rootThat({ privileged: true }))).to.deep.equal([]);
    expect(remarksOf(rootThat({ capabilities: { drop: ['ALL'] } }))).to.deep.equal([]);
    const policy = makePolicy({ container: { capabilities: { drop: ['NET_RAW'] } } });
    expect(remarksOf(rootThat({}), policy)).to.deep.equal([]);
    const dropsOne = makePolicy({ container: { capabilities: { drop: ['SETUID'] } } });
    expect(remarksOf(rootThat({}), dropsOne)).to.deep.equal([
      'container web: root without capabilities: setuid fail unless in capabilities.add',
    ]);
  });

  it('may listen at low ports where a sysctl lets everybody', () => {
    const remarks = remarksOf({ ...rootThat({}), ports: [{ containerPort: 80 }] }, builtInPolicy('hardened'));
    expect(remarks).to.include(
      'container web: root without capabilities: chown, setuid fail unless in capabilities.add',
    );
  });
});
