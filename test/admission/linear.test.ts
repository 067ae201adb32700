import { expect } from 'chai';
import { answer } from '../../src/admission/answer.ts';
import type { AdmissionResponse } from '../../src/admission/response.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Policy } from '../../src/core/policy/policy.ts';
import { builtInPolicy, makePolicy } from '../core/policies.ts';

// What a pod's author writes may be made to hurt: its cost may grow as it does and no faster, and what is said of it has
// bounds.

/** Four times the work takes four times the time and some more for memory; a loop within a loop takes sixteen times. */
const mostGrowth = 8;

/** What a collection of garbage may take at the wrong moment. */
const slackMilliseconds = 30;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const hardened = builtInPolicy('hardened');
const dropsByName = makePolicy({
  container: { capabilities: { drop: range(40).map(() => 'CHECKPOINT_RESTORE') } },
});
const excepting = makePolicy({
  pod: { runAsNonRoot: true },
  container: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
  exceptions: range(50).map((index) => ({
    images: [`team-${index}/*`],
    skip: ['runAsNonRoot', 'readOnlyRootFilesystem'],
  })),
});

interface Shape {
  readonly name: string;
  /** The larger size; a quarter of it comes first. */
  readonly size: number;
  readonly make: (size: number) => JsonObject;
  readonly policy?: Policy;
}

const podOf = (containers: readonly JsonObject[], spec: JsonObject = {}, annotations: JsonObject = {}): JsonObject => ({
  metadata: { name: 'x', annotations },
  spec: { containers, ...spec },
});
const declaring = (paths: readonly string[]): JsonObject => ({ 'kube-harden.io/writable-paths': paths.join(', ') });
const container = (index: number, fields: JsonObject = {}): JsonObject => ({
  name: `c${index}`,
  image: 'a',
  ...fields,
});
const hundredPaths = range(100).map((index) => `/path-${index}`);
const deepPath = (index: number): string => `/${'d/'.repeat(2000)}${index}`;
const readOnlyRoot: JsonObject = { securityContext: { readOnlyRootFilesystem: true } };
const writableRoot: JsonObject = { securityContext: { readOnlyRootFilesystem: false } };

const shapes: readonly Shape[] = [
  { name: 'containers', size: 10_000, make: (size) => podOf(range(size).map((index) => container(index))) },
  {
    name: 'containers beside one that is root',
    size: 10_000,
    make: (size) =>
      podOf([container(-1, { securityContext: { runAsUser: 0 } }), ...range(size).map((index) => container(index))]),
  },
  {
    name: 'containers of one name',
    size: 10_000,
    make: (size) => podOf(range(size).map(() => ({ name: 'a', image: 'a', securityContext: { privileged: true } }))),
  },
  {
    name: 'containers that serve a low port',
    size: 10_000,
    make: (size) => podOf(range(size).map((index) => container(index, { ports: [{ containerPort: 80 }] }))),
  },
  {
    name: 'containers that a hundred declared paths meet',
    size: 10_000,
    make: (size) =>
      podOf(
        range(size).map((index) => container(index)),
        {},
        declaring(hundredPaths),
      ),
  },
  {
    name: 'containers with a writable root that a hundred declared paths meet',
    size: 10_000,
    make: (size) =>
      podOf(
        range(size).map((index) => container(index, writableRoot)),
        {},
        declaring(hundredPaths),
      ),
  },
  {
    name: 'containers under exceptions',
    size: 5_000,
    policy: excepting,
    make: (size) => podOf(range(size).map((index) => ({ name: `c${index}`, image: `team-${index}/x` }))),
  },
  {
    name: 'mounts and volumes',
    size: 20_000,
    make: (size) =>
      podOf(
        [container(0, { volumeMounts: range(size).map((index) => ({ name: `v${index}`, mountPath: `/m${index}` })) })],
        { volumes: range(size).map((index) => ({ name: `v${index}`, emptyDir: {} })) },
        declaring(hundredPaths),
      ),
  },
  {
    name: 'mounts below /run, where /var/run is declared',
    size: 20_000,
    make: (size) =>
      podOf(
        [container(0, { volumeMounts: range(size).map((index) => ({ name: 'v', mountPath: `/var/run/m${index}` })) })],
        { volumes: [{ name: 'v', emptyDir: {} }] },
        declaring(range(100).map((index) => `/var/run/path-${index}`)),
      ),
  },
  {
    name: 'mounts of one volume with as many fields',
    size: 20_000,
    make: (size) =>
      podOf(
        [container(0, { volumeMounts: range(size).map((index) => ({ name: 'v', mountPath: `/m${index}` })) })],
        { volumes: [{ name: 'v', ...Object.fromEntries(range(size).map((index) => [`field${index}`, true])) }] },
        declaring(['/tmp']),
      ),
  },
  {
    name: 'mounts within mounts',
    size: 400,
    make: (size) =>
      podOf(
        range(size).map((index) => container(index, { volumeMounts: [{ name: 'v', mountPath: deepPath(index) }] })),
        { volumes: [{ name: 'v', emptyDir: {} }] },
        declaring(range(10).map((index) => `${deepPath(0).slice(0, 4000)}/${index}`)),
      ),
  },
  {
    name: 'volumes',
    size: 60_000,
    make: (size) =>
      podOf(
        [container(0)],
        { volumes: range(size).map((index) => ({ name: `v${index}`, emptyDir: {} })) },
        declaring(hundredPaths),
      ),
  },
  {
    name: "volumes that take kube-harden's names",
    size: 10_000,
    make: (size) =>
      podOf(
        [container(0, { name: 'a' })],
        {
          volumes: range(size).map((index) => ({
            name: `${sharedName}${index === 0 ? '' : `-${index + 1}`}`,
            emptyDir: {},
          })),
        },
        declaring(pathsOfOneName),
      ),
  },
  {
    name: 'annotations',
    size: 60_000,
    make: (size) =>
      podOf(
        [container(0)],
        {},
        many(size, (index) => `key-${index}`),
      ),
  },
  {
    name: "annotations with kube-harden's names",
    size: 20_000,
    make: (size) =>
      podOf(
        [container(0)],
        {},
        many(size, (index) => `writable-paths.kube-harden.io/no-${index}`),
      ),
  },
  {
    name: 'an annotation for each container',
    size: 10_000,
    make: (size) =>
      podOf(
        range(size).map((index) => container(index)),
        {},
        many(size, (index) => `writable-paths.kube-harden.io/c${index}`),
      ),
  },
  {
    name: 'commas in a declaration',
    size: 1_000_000,
    make: (size) => podOf([container(0)], {}, declaring([','.repeat(size)])),
  },
  {
    name: 'slashes in a declaration',
    size: 1_000_000,
    make: (size) => podOf([container(0)], {}, declaring(['/'.repeat(size)])),
  },
  {
    name: 'long names',
    size: 2_000_000,
    make: (size) => podOf([{ name: 'n'.repeat(size), image: 'i'.repeat(size), securityContext: { privileged: true } }]),
  },
  {
    name: 'ports of one container',
    size: 60_000,
    make: (size) => podOf([container(0, { ports: range(size).map((index) => ({ containerPort: 1024 + index })) })]),
  },
  {
    name: 'capabilities of one container',
    size: 60_000,
    policy: dropsByName,
    make: (size) =>
      podOf([container(0, { securityContext: { capabilities: { add: range(size).map((index) => `cap_${index}`) } } })]),
  },
  {
    name: 'sysctls',
    size: 60_000,
    make: (size) =>
      podOf([container(0, { ports: [{ containerPort: 80 }] })], {
        securityContext: { sysctls: range(size).map((index) => ({ name: `a/${index}`, value: '1' })) },
      }),
  },
  {
    name: 'block devices',
    size: 40_000,
    make: (size) =>
      podOf(
        [
          container(0, {
            ...readOnlyRoot,
            volumeDevices: range(size).map((index) => ({ name: 'v', devicePath: `/d${index}` })),
          }),
        ],
        {},
        declaring(hundredPaths),
      ),
  },
];

function many(size: number, name: (index: number) => string): JsonObject {
  return Object.fromEntries(range(size).map((index) => [name(index), '/tmp']));
}

/** Paths for which the container `a` gets a volume of one name: their words are the same, and so are their hashes. */
const { pathsOfOneName, sharedName } = collide();

/** Two blocks with the same hash behind each of seven beginnings make 128 paths of one hash. */
function collide(): { pathsOfOneName: readonly string[]; sharedName: string } {
  const start = `/${'x'.repeat(60)}`;
  let ends = [''];
  for (let round = 0; round < 7; round += 1) {
    const hash = fnv1a(`a:${start}${ends[0]}`);
    const seen = new Map<number, string>();
    for (let number = 0; ; number += 1) {
      const block = number.toString(36).padStart(6, '0');
      const twin = seen.get(fnv1a(block, hash));
      seen.set(fnv1a(block, hash), block);
      if (twin === undefined) continue;
      ends = ends.flatMap((end) => [end + twin, end + block]);
      break;
    }
  }
  const paths = ends.slice(0, 100).map((end) => start + end);
  const hash = fnv1a(`a:${paths[0]}`).toString(16).padStart(8, '0');
  return {
    pathsOfOneName: paths,
    sharedName: `kube-harden-${'x'.repeat(60)}`.slice(0, 63 - hash.length - 1).concat('-', hash),
  };
}

function fnv1a(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}

function respond(object: Json, policy: Policy): AdmissionResponse {
  const request = {
    uid: 'u',
    resource: 'v1/pods',
    operation: 'CREATE',
    namespace: 'n',
    kind: 'Pod',
    name: 'x',
    username: 'u',
    isDryRun: false,
  };
  return answer({ ...request, object, oldObject: null }, policy, 'enforce').review.response;
}

/** In milliseconds of the processor's time, which other programs on the machine do not change much. */
function measure(pod: JsonObject, policy: Policy): number {
  const times = range(3).map(() => {
    const before = process.cpuUsage();
    respond(pod, policy);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe('a hostile review', function () {
  this.timeout(60_000);

  for (const { name, size, make, policy = hardened } of shapes) {
    it(`costs in a straight line, and gets an answer with bounds: ${name}`, () => {
      const pod = make(size);
      const { warnings = [], auditAnnotations = {} } = respond(pod, policy);
      expect(warnings.join('').length).to.be.below(4096);
      for (const [key, value] of Object.entries(auditAnnotations)) expect(value.length, key).to.be.at.most(8192);

      const quarter = measure(make(size / 4), policy);
      const whole = measure(pod, policy);
      expect(whole, `${quarter} ms for a quarter of it`).to.be.below(mostGrowth * quarter + slackMilliseconds);
      expect(whole).to.be.below(2000);
    });
  }
});
