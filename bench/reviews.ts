import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Recorded from a real API server. */
const recorded = readFileSync(join(import.meta.dirname, '../test/admission/recorded/create-pod.json'), 'utf8');

/** A review of about so many kilobytes: the recorded one with containers, environment and labels as real pods have. */
export function makeReview(kilobytes: number): string {
  const review = JSON.parse(recorded) as { request: { object: { spec: { containers: object[] } } } };
  const { containers } = review.request.object.spec;
  const [first] = containers;
  // Two containers in a small pod, six in a large one; the rest is environment.
  const count = kilobytes < 20 ? 2 : 6;
  review.request.object.spec.containers = Array.from({ length: count }, (_, index) => ({
    ...first,
    name: `container-${index}`,
    image: `registry.example.com:5000/team/application-${index}:1.2.3`,
    env: [],
  }));
  const environments = (review.request.object.spec.containers as { env: object[] }[]).map(({ env }) => env);
  for (let number = 0; JSON.stringify(review).length < kilobytes * 1024; number += 1) {
    environments[number % count]?.push({ name: `SETTING_${number}`, value: `value-of-setting-number-${number}` });
  }
  return JSON.stringify(review);
}
