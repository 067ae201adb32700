import { expect } from 'chai';
import { judgePolicy, judgeUnread, statusFor, statusOfUnplaced } from '../../src/cluster/judgePolicies.ts';
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

const generationOf = (object: JsonObject, generation: number): JsonObject => ({
  ...object,
  metadata: { name: 'own', uid: 'u', generation },
});

describe('judgePolicy', () => {
  it('takes a good policy, whatever its status says', () => {
    const judged = judgePolicy(policyOf(good, { some: 'thing' }), undefined);
    expect(judged.inForce?.policy).to.deep.include({ name: 'own', pod: { runAsNonRoot: true } });
    expect(judged.problem).to.equal(undefined);
  });

  it('keeps the last good one of a policy that has gone bad', () => {
    const first = judgePolicy(generationOf(policyOf(better), 1), undefined);
    const judged = judgePolicy(generationOf(policyOf(bad, { specInForce: good }), 2), first);
    expect(judged.inForce?.spec).to.equal(JSON.stringify(better));
    expect(judged.problem).to.equal(problem);
  });

  it('finds the last good one in the status, where it has not seen it', () => {
    const judged = judgePolicy(policyOf(bad, { specInForce: good }), undefined);
    expect(judged.inForce?.policy.pod).to.deep.equal({ runAsNonRoot: true });
  });

  it('has nothing in force of a policy that was never good, nor of one whose status is no good', () => {
    for (const status of [undefined, {}, { specInForce: bad }, 'x', { specInForce: 'x' }]) {
      expect(judgePolicy(policyOf(bad, status), undefined).inForce).to.equal(undefined);
    }
  });

  it('parses nothing again of which the spec is the same', () => {
    const first = judgePolicy(generationOf(policyOf(good), 1), undefined);
    const again = judgePolicy(generationOf(policyOf(good, { some: 'thing' }), 1), first);
    expect(again.inForce).to.equal(first.inForce);
    expect(again).to.deep.equal({ ...first, told: { ...first.told, hasSpecInForce: false } });
  });

  it('takes nothing over from another policy of the same name', () => {
    const first = judgePolicy(generationOf(policyOf(good), 1), undefined);
    const other = { ...policyOf(bad), metadata: { name: 'own', uid: 'another', generation: 1 } };
    expect(judgePolicy(other, first)).to.deep.include({ inForce: undefined, problem });
  });

  it('holds on to nothing of the metadata but what tells it from others', () => {
    const object = policyOf(good);
    const metadata = { name: 'own', uid: 'u', generation: 3, resourceVersion: '7', annotations: { long: 'text' } };
    const judged = judgePolicy({ ...object, metadata }, undefined);
    expect(judged.metadata).to.deep.equal({ name: 'own', uid: 'u', generation: 3, resourceVersion: '7' });
  });

  it('cuts what it says of a policy', () => {
    const judged = judgePolicy(policyOf({ ['x'.repeat(20_000)]: 1, y: 1 }), undefined);
    expect(judged.problem).to.equal(`spec.${'x'.repeat(995)}… (and 1 more)`);
  });
});

describe('judgeUnread', () => {
  it('keeps what was in force, and reads it when it can be read', () => {
    const first = judgePolicy(generationOf(policyOf(good), 1), undefined);
    const identity = { metadata: { name: 'own', uid: 'u', generation: 2, resourceVersion: '9' } };
    const unread = judgeUnread(identity, 'is too long', first);
    expect(unread).to.deep.include({ name: 'own', inForce: first.inForce, problem: 'is too long' });
    expect(judgePolicy(generationOf(policyOf(better), 2), unread).inForce?.spec).to.equal(JSON.stringify(better));
    expect(judgeUnread(identity, 'is too long', undefined).inForce).to.equal(undefined);
  });
});

describe('statusOfUnplaced', () => {
  it('says so once, and keeps the last good spec', () => {
    const status = statusOfUnplaced(policyOf(good, { specInForce: good }), 'no room', now);
    expect(status).to.deep.include({ specInForce: good, observedGeneration: 3 });
    expect(status).to.have.nested.include({ 'conditions[0].status': 'False', 'conditions[0].reason': 'NoRoom' });
    expect(statusOfUnplaced(policyOf(good, status), 'no room', later)).to.equal(undefined);
  });
});

describe('statusFor', () => {
  const statusOf = (object: JsonObject, time = now): JsonObject | undefined =>
    statusFor(judgePolicy(object, undefined), time);

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
