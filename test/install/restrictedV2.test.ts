import { expect } from 'chai';
import { z } from 'zod';
import { applyPatch } from '../../src/core/json/applyPatch.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Patch } from '../../src/core/json/patch.ts';
import { baseDocument, readDocuments } from './install.ts';
import { findRefused } from './restrictedV2.ts';

const range = { first: 1_000_650_000, size: 10_000 };
const refused = (spec: JsonObject): readonly string[] => findRefused(spec, range);
const only = (securityContext: JsonObject): JsonObject => ({ containers: [{ name: 'c', securityContext }] });

/** The base's Deployment as components' patches leave it. */
function specWith(...files: readonly string[]): JsonObject {
  const patched = files.reduce(
    (document: Json, file) =>
      applyPatch(document, readDocuments(`components/${file}`)[0] as unknown as Patch) as unknown as Json,
    baseDocument('Deployment'),
  );
  const deployment = z.object({ spec: z.object({ template: z.object({ spec: z.record(z.string(), z.json()) }) }) });
  return deployment.parse(patched).spec.template.spec as JsonObject;
}

describe('what OpenShift refuses by restricted-v2', () => {
  const cases: readonly (readonly [JsonObject, readonly string[]])[] = [
    [{ containers: [{ name: 'c' }] }, []],
    [only({ runAsUser: 1_000_650_000 }), []],
    [only({ runAsUser: 1_000_659_999, seccompProfile: { type: 'RuntimeDefault' } }), []],
    [only({ runAsUser: 1_000_660_000 }), ['c.securityContext.runAsUser: 1000660000']],
    [only({ runAsUser: 0 }), ['c.securityContext.runAsUser: 0']],
    [only({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }), []],
    [only({ capabilities: { add: ['CHOWN'] } }), ['c.securityContext.capabilities.add: CHOWN']],
    [only({ seccompProfile: { type: 'Unconfined' } }), ['c.securityContext.seccompProfile: Unconfined']],
    [
      only({ privileged: true, allowPrivilegeEscalation: true }),
      ['c.securityContext.privileged: true', 'c.securityContext.allowPrivilegeEscalation: true'],
    ],
    [only({ seLinuxOptions: { level: 's0' } }), ['c.securityContext.seLinuxOptions']],
    [{ securityContext: { fsGroup: 1_000_650_000 } }, []],
    [{ securityContext: { fsGroup: 1_000_650_001 } }, ['securityContext.fsGroup: 1000650001']],
    [{ initContainers: [{ name: 'i', securityContext: { runAsUser: 1 } }] }, ['i.securityContext.runAsUser: 1']],
    [{ containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 2 }] }] }, ['c.ports: hostPort 2']],
    [
      {
        volumes: [
          { name: 'a', secret: {} },
          { name: 'b', hostPath: {} },
        ],
      },
      ['volumes: hostPath'],
    ],
    [{ hostPID: true, hostIPC: true }, ['hostPID: true', 'hostIPC: true']],
  ];
  for (const [spec, expected] of cases) {
    it(`${JSON.stringify(spec)}: ${expected.length === 0 ? 'nothing' : expected.join(', ')}`, () => {
      expect(refused(spec)).to.deep.equal(expected);
    });
  }

  it('of the base: its ids', () => {
    expect(refused(specWith())).to.deep.equal(['securityContext.runAsUser: 65532', 'securityContext.fsGroup: 65532']);
  });

  it('of the component for OpenShift: nothing, with either kind of certificate', () => {
    expect(refused(specWith('openshift/no-ids.yaml'))).to.deep.equal([]);
    const withFiles = specWith('certificate-files/certificate-files.yaml', 'openshift/no-ids.yaml');
    expect(withFiles).to.have.property('volumes');
    expect(refused(withFiles)).to.deep.equal([]);
    // It takes out no more than that.
    expect(withFiles['securityContext']).to.deep.equal({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('of the component for the host network: the network, and its ports', () => {
    const spec = specWith('openshift/no-ids.yaml', 'host-network/host-network.yaml');
    expect(refused(spec)).to.deep.equal([
      'hostNetwork: true',
      'kube-harden.ports: hostPort 18443',
      'kube-harden.ports: hostPort 19090',
    ]);
  });
});
