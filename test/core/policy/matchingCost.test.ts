import { expect } from 'chai';
import { harden } from '../../../src/core/harden.ts';
import type { Json, JsonObject } from '../../../src/core/json/json.ts';
import { parsePolicy } from '../../../src/core/policy/policy.ts';

// A policy's author and a pod's author may each bring as much as their bounds allow: reviews of others must not wait.

/** Of a review's body: larger ones are answered in a thread of their own. */
const longestBody = 65_536;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Different patterns for each index, of three letters that no image has. */
const letters = (index: number): string =>
  [26 * 26, 26, 1].map((unit) => String.fromCharCode(97 + (Math.floor(index / unit) % 26))).join('');

function specOf(patterns: readonly string[], inExceptions: boolean): JsonObject {
  const size = Math.min(64, Math.ceil(patterns.length / (inExceptions ? 64 : 1)));
  const lists = range(Math.ceil(patterns.length / size)).map((index) =>
    patterns.slice(index * size, (index + 1) * size),
  );
  const container = { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false };
  if (inExceptions)
    return { container, exceptions: lists.map((images) => ({ images, skip: ['allowPrivilegeEscalation'] })) };
  return { container, writablePaths: lists.map((images) => ({ images, paths: ['/tmp'] })) };
}

function parse(spec: JsonObject): ReturnType<typeof parsePolicy> {
  return parsePolicy({ apiVersion: 'kube-harden.io/v1alpha1', kind: 'HardeningPolicy', metadata: { name: 'x' }, spec });
}

/** As many containers as a body has room for. */
function podOf(image: (index: number) => string): Json {
  const containers: JsonObject[] = [];
  for (let length = 100, index = 0; ; index += 1) {
    const container = { name: `c${index}`, image: image(index) };
    length += JSON.stringify(container).length + 1;
    if (length > longestBody) return { metadata: { name: 'x' }, spec: { containers } };
    containers.push(container);
  }
}

describe('the images of a pod and the patterns of a policy', () => {
  const long = 'a'.repeat(240);
  const patterns: Readonly<Record<string, (index: number) => string>> = {
    'with one star': (index) => `a*${letters(index)}`,
    'with one star, long': (index) => `${'a'.repeat(110)}*${letters(index)}`,
    'with stars between letters': (index) => `*a*a*a*a*${letters(index)}`,
    'with something between stars': (index) => `*aa${letters(index)}*`,
    'with much between stars': (index) => `*${letters(index)}${'a'.repeat(110)}*`,
    'with question marks between stars': (index) => `*?${'a'.repeat(50)}?${'a'.repeat(50)}${letters(index)}*`,
    'with stars in front': (index) => `*aa${letters(index)}*/x`,
    'with any folders': (index) => `**/a/**/${letters(index)}b/**/x`,
    'with a folder each': (index) => `${letters(index)}b/**/x`,
  };
  const images: Readonly<Record<string, (index: number) => string>> = {
    'long images': (index) => `${long}${index}`,
    'long images of an organisation': (index) => `b/${long}${index}`,
    'short images': (index) => `a${index}`,
    'images of long organisations': (index) => `${long}${index}/x`,
    'images in many folders': (index) => `${'a/'.repeat(120)}${index}/x`,
    'images called alike': (index) => `a${index}/x`,
    'one image': () => 'a',
  };
  const timed = Object.entries(patterns).flatMap(([kind, make]) =>
    [false, true].map((inExceptions) => ({
      kind: `${kind}${inExceptions ? ', in exceptions' : ''}`,
      make,
      inExceptions,
    })),
  );
  for (const { kind, make, inExceptions } of timed) {
    it(`cost less than the event loop may be held for: patterns ${kind}`, () => {
      // As many as the bounds allow, whatever these are.
      const counts = [1800, 1200, 600, 256, 128, 64, 32, 16, 8, 4];
      const parsed = counts.map((count) => parse(specOf(range(count).map(make), inExceptions)));
      const most = parsed.findIndex((each) => 'policy' in each);
      const policy = parsed.flatMap((each) => ('policy' in each ? [each.policy] : []))[0];
      if (policy === undefined) throw new Error('no number of them is within the bounds');
      const costs = Object.entries(images).map(([name, image]) => {
        const pod = podOf(image);
        const times = range(3).map(() => {
          // The thread's own time: others may be at work on the same core.
          const start = process.threadCpuUsage();
          harden(pod, policy);
          return process.threadCpuUsage(start).user / 1000;
        });
        return [name, Math.min(...times)] as const;
      });
      for (const [name, time] of costs) expect(time, `${counts[most]} patterns, ${name}`).to.be.below(100);
    });
  }

  const refused: readonly (readonly [(index: number) => string, number, string])[] = [
    [(index) => `a*${letters(index)}`, 256, 'has more than 256 image patterns with wildcards in their last part'],
    [(index) => `${letters(index)}a*/x`, 256, 'has more than 256 image patterns with wildcards for images called "x"'],
    [
      (index) => `*${letters(index)}*`,
      64,
      'has more than 64 image patterns with something between two stars, or between two "**"',
    ],
    [
      (index) => `**/${letters(index)}/**/x`,
      64,
      'has more than 64 image patterns with something between two stars, or between two "**"',
    ],
    [(index) => `*?${letters(index)}*`, 4, 'has more than 4 image patterns with "?" or "[…]" between two stars'],
  ];
  for (const [make, most, problem] of refused) {
    it(`are bounded: ${problem}`, () => {
      const parsed = parse(specOf(range(most + 1).map(make), false));
      expect(parsed).to.deep.equal({
        problems: [{ path: ['spec'], message: `${problem}: make several policies of it` }],
      });
      expect(parse(specOf(range(most).map(make), true))).to.have.property('policy');
    });
  }
});
