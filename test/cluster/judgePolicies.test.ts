import { expect } from 'chai';
import { judgePolicies, statusFor } from '../../src/cluster/judgePolicies.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';

const good: JsonObject = { pod: { runAsNonRoot: true } };
const better: JsonObject = { pod: { runAsNonRoot: true }, lowPorts: true };
const bad: JsonObject = { writablePaths: [{ images: ['nginx'], paths: ['/proc'] }] };
const problem = 'spec.writablePaths.0.paths.0: "/proc" belongs to the kernel';
const now = '2026-11-23T12:00:00Z';
const later = '2026-11-23T13:00:00Z';

function policyOf(spec: Json, status?: Json): JsonObject {
  return {
    apiVersion: 'kube-harden.io/v1alpha1',
    kind: 'HardeningPolicy',
    metadata: { name: 'own', generation: 3 },
    spec,
    ...(status !== undefined && { status }),
  };
}

const only = (object: JsonObject): ReadonlyMap<string, JsonObject> => new Map([['own', object]]);

describe('judgePolicies', () => {
  it('takes a good policy, whatever its status says', () => {
    const [judged] = judgePolicies(only(policyOf(good, { some: 'thing' })), []);
    expect(judged?.inForce?.policy).to.deep.include({ name: 'own', pod: { runAsNonRoot: true } });
    expect(judged?.problem).to.equal(undefined);
  });

  it('keeps the last good one of a policy that has gone bad', () => {
    const first = judgePolicies(only(policyOf(better)), []);
    const [judged] = judgePolicies(only(policyOf(bad, { specInForce: good })), first);
    expect(judged?.inForce?.spec).to.deep.equal(better);
    expect(judged?.problem).to.match(/^spec\.writablePaths\.0\.paths\.0: /);
  });

  it('finds the last good one in the status, where it has not seen it', () => {
    const [judged] = judgePolicies(only(policyOf(bad, { specInForce: good })), []);
    expect(judged?.inForce?.policy.pod).to.deep.equal({ runAsNonRoot: true });
  });

  it('has nothing in force of a policy that was never good, nor of one whose status is no good', () => {
    for (const status of [undefined, {}, { specInForce: bad }, 'x', { specInForce: 'x' }]) {
      const [judged] = judgePolicies(only(policyOf(bad, status)), []);
      expect(judged?.inForce).to.equal(undefined);
    }
  });

  it('forgets a policy that is deleted', () => {
    const first = judgePolicies(only(policyOf(good)), []);
    const gone = judgePolicies(new Map(), first);
    expect(gone).to.deep.equal([]);
    expect(judgePolicies(only(policyOf(bad)), gone)[0]?.inForce).to.equal(undefined);
  });
});

describe('statusFor', () => {
  const statusOf = (object: JsonObject, time = now): JsonObject | undefined => {
    const [judged] = judgePolicies(only(object), []);
    return judged && statusFor(judged, time);
  };

  it('says that a policy is in force, once', () => {
    const status = statusOf(policyOf(good));
    expect(status).to.deep.equal({
      observedGeneration: 3,
      specInForce: good,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'InForce',
          message: 'in force',
          observedGeneration: 3,
          lastTransitionTime: now,
        },
      ],
    });
    expect(statusOf(policyOf(good, status), later)).to.equal(undefined);
  });

  it('says why a policy is refused, and what is in force instead', () => {
    const never = statusOf(policyOf(bad));
    expect(never).to.not.have.property('specInForce');
    expect(never)
      .to.have.nested.property('conditions[0].message')
      .that.matches(/; nothing is in force$/);
    const status = statusOf(policyOf(bad, statusOf(policyOf(good))), later);
    expect(status).to.deep.include({ specInForce: good });
    expect(status).to.have.nested.include({ 'conditions[0].status': 'False', 'conditions[0].reason': 'Refused' });
    expect(status)
      .to.have.nested.property('conditions[0].message')
      .that.equals(`${problem}; the last good spec is in force`);
    expect(status).to.have.nested.property('conditions[0].lastTransitionTime', later);
  });

  it('keeps the time of a condition that stays as it was', () => {
    const status = statusOf(policyOf(better, statusOf(policyOf(good))), later);
    expect(status).to.have.nested.property('conditions[0].lastTransitionTime', now);
    expect(status).to.deep.include({ specInForce: better });
  });
});
