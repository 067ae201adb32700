import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../../src/core/json/json.ts';
import type { KubeApi } from '../kubeApi.ts';

/** What became of the pods. */
export interface Admissions {
  admitted: number;
  /** What the API server or the connection to it said. */
  readonly failures: string[];
  slowestMilliseconds: number;
}

const loops = 3;

/** Creates pods by dry run, one after the other in a few loops; what it returns ends that and tells how it went. */
export function startLoad(api: KubeApi, namespace: string): () => Promise<Admissions> {
  const admissions: Admissions = { admitted: 0, failures: [], slowestMilliseconds: 0 };
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  let isOver = false;
  const running = Array.from({ length: loops }, async (_, loop) => {
    for (let index = 0; !isOver; index += 1) {
      const start = performance.now();
      const pod = {
        metadata: { name: `load-${loop}-${index}` },
        spec: { containers: [{ name: 'web', image: 'nginx' }] },
      };
      try {
        const { status, body } = await api.request('POST', path, pod);
        if (status !== 201) admissions.failures.push(String(body['message']));
        else if (!isHardened(body)) admissions.failures.push('admitted as it was written');
        else admissions.admitted += 1;
      } catch (error) {
        admissions.failures.push(String(error));
      }
      admissions.slowestMilliseconds = Math.max(admissions.slowestMilliseconds, performance.now() - start);
      // Leaves the machine room for what is tested: pods that come and go.
      await sleep(10);
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(running);
    return admissions;
  };
}

function isHardened({ metadata }: JsonObject): boolean {
  const { annotations = {} } = metadata as { annotations?: Record<string, string> };
  return annotations['kube-harden.io/policy'] === 'hardened';
}
