import { expect } from 'chai';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../../src/core/json/json.ts';
import { PodShapeError, parsePod } from '../../../src/core/pod/parsePod.ts';
import { readPod } from '../../../src/core/pod/pod.ts';
import { evaluatePod } from '../../../src/standards/evaluate.ts';
import { bySeed, tries } from '../../property.ts';

const container: JsonObject = { name: 'app' };

describe('readPod', () => {
  it('takes what is of a wrong type for missing', () => {
    const pod = readPod({ metadata: 7, spec: { containers: [null, { name: 3, ports: {} }], volumes: 'none' } });
    expect(pod.containers.map(({ name, containerPorts }) => [name, containerPorts])).to.deep.equal([
      ['', []],
      ['', []],
    ]);
    expect(pod.volumes).to.deep.equal([]);
  });

  it(`reads the same as parsePod, where that refuses nothing ${bySeed}`, () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const raw = { spec: { containers: [container], securityContext: value as Json } };
        try {
          expect(parsePod(raw)).to.deep.equal(readPod(raw));
        } catch (error) {
          expect(error).to.be.instanceOf(PodShapeError);
        }
      }),
      tries(1000),
    );
  });

  // Kubernetes' validation forbids Linux' fields by spec.os alone, and so Pod Security asks for them everywhere else.
  it('knows Windows by its node too, which Pod Security does not', () => {
    const bySelector = { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' }, containers: [container] } };
    const byOs = { spec: { os: { name: 'windows' }, containers: [container] } };
    expect([bySelector, byOs].map((pod) => readPod(pod).isWindows)).to.deep.equal([true, true]);
    const asked = (pod: JsonObject): readonly string[] =>
      evaluatePod(pod, 'restricted', '1.37').map(({ check }) => check);
    expect(asked(byOs)).to.not.include('allowPrivilegeEscalation');
    expect(asked(bySelector)).to.include('allowPrivilegeEscalation');
  });
});
