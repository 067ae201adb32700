import { expect } from 'chai';
import type { ClaimedField } from '../../src/core/claims.ts';
import { harden, isRefusal } from '../../src/core/harden.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { builtInPolicy } from './policies.ts';

// What a pod's author writes may be made to hurt: neither time nor memory may grow faster than the pod.

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

function measure(
  pod: JsonObject,
  claimed: readonly ClaimedField[] = [],
): {
  milliseconds: number;
  added: number;
  reasons: ReadonlySet<string>;
} {
  const start = performance.now();
  const answer = harden(pod, builtInPolicy('hardened'), claimed);
  const milliseconds = performance.now() - start;
  if (isRefusal(answer)) throw new Error(answer.refusal);
  const volumes = answer.decisions.filter(({ field, action }) => action === 'added' && field.startsWith('volumes['));
  const reasons = answer.decisions.flatMap((decision) => (decision.action === 'withheld' ? [decision.reason] : []));
  return { milliseconds, added: volumes.length, reasons: new Set(reasons) };
}

describe('a hostile pod', () => {
  it('gets so many volumes and no more, whatever it declares for however many containers', () => {
    const pod = {
      metadata: {
        annotations: {
          'kube-harden.io/writable-paths': range(1000)
            .map((path) => `/${path}`)
            .join(),
        },
      },
      spec: { containers: range(1000).map((index) => ({ name: `c${index}`, image: 'a' })) },
    };
    const { milliseconds, added, reasons } = measure(pod);
    expect(added).to.equal(500);
    expect([...reasons]).to.have.members(['tooManyPaths', 'tooManyVolumes', 'tooManyContainerPaths']);
    expect(milliseconds).to.be.below(3000);
  });

  it('costs no more for what it claims', () => {
    const names = range(8000).map((index) => `kube-harden-${index}`);
    const volumes = names.map((name) => ({ name, emptyDir: {} }));
    const claimed = volumes.map((value) => ({ name: `spec.volumes[${value.name}]`, value }));
    const volumeMounts = names.map((name) => ({ name, mountPath: `/${name}` }));
    const pod = { spec: { volumes, containers: [{ name: 'a', volumeMounts }] } };
    expect(measure(pod, claimed).milliseconds).to.be.below(500);
  });
});
