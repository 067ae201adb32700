import { expect } from 'chai';
import fc from 'fast-check';
import { leastAdded } from '../../../src/core/decisions/leastAdded.ts';
import { harden, isRefusal } from '../../../src/core/harden.ts';
import type { Json } from '../../../src/core/json/json.ts';
import { patchSize } from '../../../src/core/pod/storedSize.ts';
import { tries } from '../../property.ts';
import { arbitraryPod } from '../arbitraryPod.ts';
import { builtInPolicy, makePolicy } from '../policies.ts';

const hardened = builtInPolicy('hardened');
const policies = [
  hardened,
  builtInPolicy('restricted'),
  builtInPolicy('minimal'),
  makePolicy({
    container: { allowPrivilegeEscalation: false, capabilities: { drop: ['CHOWN', 'SYS_ADMIN'] } },
    exceptions: [{ images: ['nginx'], skip: ['capabilities'] }],
  }),
];

function least(spec: Json, policy = hardened): number {
  return leastAdded({ spec }, policy);
}

describe('what hardening adds at least', () => {
  it('is never more than what it adds', () => {
    fc.assert(
      fc.property(arbitraryPod, fc.constantFrom(...policies), (pod, policy) => {
        const answer = harden(pod, policy);
        if (isRefusal(answer)) return;
        expect(leastAdded(pod, policy)).to.be.at.most(patchSize(pod, answer.patch));
      }),
      tries(),
    );
  });

  it('is all that containers get which say nothing', () => {
    const containers = [{ name: 'a' }, { name: 'b', securityContext: null }];
    const answer = harden({ spec: { containers } }, hardened);
    const patch = isRefusal(answer) ? [] : answer.patch.filter(({ path }) => path.startsWith('/spec/containers/'));
    expect(least({ containers })).to.equal(patchSize({}, patch));
    expect(patch).to.have.length(2);
  });

  it('is less for what containers say themselves, and nothing where rules give way to it', () => {
    const one = (securityContext: Json) => least({ initContainers: [{ name: 'a', securityContext }] });
    expect(one({ runAsUser: 0 }))
      .to.be.above(one({ readOnlyRootFilesystem: false }))
      .and.above(0);
    expect(one({ privileged: true })).to.equal(0);
    expect(one({ capabilities: { add: ['ALL'] } })).to.equal(0);
  });

  it('is nothing on Windows, for what a policy excepts, and for what is no pod', () => {
    const containers = [{ name: 'a' }];
    expect(least({ containers, os: { name: 'windows' } })).to.equal(0);
    const hostProcess = { windowsOptions: { hostProcess: true } };
    expect(least({ containers, nodeSelector: { 'kubernetes.io/os': 'linux' }, securityContext: hostProcess })).to.equal(
      0,
    );
    expect(least({ containers: [null, 1, { securityContext: [] }] })).to.equal(0);
    expect(least(null)).to.equal(0);
  });
});
