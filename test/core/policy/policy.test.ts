import { expect } from 'chai';
import type { Json, JsonObject } from '../../../src/core/json/json.ts';
import { parsePolicy } from '../../../src/core/policy/policy.ts';
import { ruleIds } from '../../../src/core/policy/ruleId.ts';

function problemsOf(document: Json): string[] {
  const parsed = parsePolicy(document);
  if ('policy' in parsed) return [];
  return parsed.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

function problemsOfSpec(spec: Json): string[] {
  const document = { apiVersion: 'kube-harden.io/v1alpha1', kind: 'HardeningPolicy', metadata: { name: 'mine' }, spec };
  return problemsOf(document);
}

const many = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);
const entry = { images: ['nginx'], paths: ['/tmp'] };
const exception = (podSelector: JsonObject): JsonObject => ({ exceptions: [{ podSelector, skip: ['capabilities'] }] });
const labels = Object.fromEntries(many(65, '').map((value, index) => [`l${index}`, value]));
const selector = 'spec.exceptions.0.podSelector';

/** One more than each bound allows. */
const bounds: readonly (readonly [what: string, spec: JsonObject, path: string, problem: string])[] = [
  ['writable paths', { writablePaths: many(257, entry) }, 'spec.writablePaths', 'has more than 256 entries'],
  [
    'images',
    { writablePaths: [{ ...entry, images: many(65, 'nginx') }] },
    'spec.writablePaths.0.images',
    'has more than 64 entries',
  ],
  [
    'paths',
    { writablePaths: [{ ...entry, paths: many(65, '/tmp') }] },
    'spec.writablePaths.0.paths',
    'has more than 64 entries',
  ],
  [
    'characters of an image',
    { writablePaths: [{ ...entry, images: ['a'.repeat(256)] }] },
    'spec.writablePaths.0.images.0',
    'has more than 255 characters',
  ],
  [
    'characters of a path',
    { writablePaths: [{ ...entry, paths: [`/${'a'.repeat(4095)}`] }] },
    'spec.writablePaths.0.paths.0',
    'has more than 4095 characters',
  ],
  [
    'characters of a size',
    { writablePaths: [{ ...entry, paths: [{ path: '/tmp', sizeLimit: '1'.repeat(19) }] }] },
    'spec.writablePaths.0.paths.0.sizeLimit',
    'has more than 18 characters',
  ],
  [
    'exceptions',
    { exceptions: many(65, { images: ['nginx'], skip: ['capabilities'] }) },
    'spec.exceptions',
    'has more than 64 entries',
  ],
  [
    'rules to skip',
    { exceptions: [{ images: ['nginx'], skip: many(12, 'capabilities') }] },
    'spec.exceptions.0.skip',
    'has more than 11 entries',
  ],
  ['labels', exception({ matchLabels: labels }), `${selector}.matchLabels`, 'has more than 64 entries'],
  [
    'characters of a label',
    exception({ matchLabels: { a: 'a'.repeat(64) } }),
    `${selector}.matchLabels.a`,
    'has more than 63 characters',
  ],
  [
    'expressions',
    exception({ matchExpressions: many(65, { key: 'a', operator: 'Exists' }) }),
    `${selector}.matchExpressions`,
    'has more than 64 entries',
  ],
  [
    'values',
    exception({ matchExpressions: [{ key: 'a', operator: 'In', values: many(65, 'b') }] }),
    `${selector}.matchExpressions.0.values`,
    'has more than 64 entries',
  ],
  [
    'characters of a key',
    exception({ matchExpressions: [{ key: 'a'.repeat(318), operator: 'Exists' }] }),
    `${selector}.matchExpressions.0.key`,
    'has more than 317 characters',
  ],
  [
    'capabilities',
    { container: { capabilities: { drop: many(65, 'ALL') } } },
    'spec.container.capabilities.drop',
    'has more than 64 entries',
  ],
  [
    'characters of a capability',
    { container: { capabilities: { drop: ['A'.repeat(64)] } } },
    'spec.container.capabilities.drop.0',
    'has more than 63 characters',
  ],
  ['groups', { pod: { supplementalGroups: many(65, 1) } }, 'spec.pod.supplementalGroups', 'has more than 64 entries'],
  [
    'characters of a profile',
    { pod: { seccompProfile: { type: 'Localhost', localhostProfile: 'a'.repeat(4096) } } },
    'spec.pod.seccompProfile.localhostProfile',
    'has more than 4095 characters',
  ],
  [
    'values in all',
    { writablePaths: many(250, { ...entry, paths: many(6, '/tmp') }) },
    'spec',
    'has more than 2048 values: make several policies of it',
  ],
  [
    'characters in all',
    { writablePaths: many(100, { ...entry, paths: [`/${'a'.repeat(400)}`] }) },
    'spec',
    'has more than 32768 characters as JSON: make several policies of it',
  ],
];

describe('parsePolicy', () => {
  const cases: readonly (readonly [string, JsonObject, readonly string[]])[] = [
    ['an empty spec', {}, []],
    ['an unknown key', { pods: {} }, ['spec.pods: is unknown']],
    [
      'a container-level field under pod',
      { pod: { allowPrivilegeEscalation: false } },
      ['spec.pod.allowPrivilegeEscalation: is a container-level field: it belongs under spec.container'],
    ],
    [
      'a pod-level field under container',
      { container: { fsGroup: 1 } },
      ['spec.container.fsGroup: is a pod-level field: it belongs under spec.pod'],
    ],
    ['a field straight under spec', { runAsNonRoot: true }, ['spec.runAsNonRoot: belongs under spec.pod']],
    [
      'a container field straight under spec',
      { capabilities: { drop: ['ALL'] } },
      ['spec.capabilities: belongs under spec.container'],
    ],
    [
      'a known field without a rule',
      { pod: { seLinuxOptions: {} } },
      ['spec.pod.seLinuxOptions: is no field that kube-harden fills in'],
    ],
    [
      'a slip of the pen',
      { pod: { runAsNonroot: true } },
      ['spec.pod.runAsNonroot: is no field of a security context'],
    ],
    [
      'a setting that weakens',
      { container: { allowPrivilegeEscalation: true } },
      ['spec.container.allowPrivilegeEscalation: must be false, not true'],
    ],
    ['a root user', { pod: { runAsUser: 0 } }, ['spec.pod.runAsUser: must be at least 1, not 0']],
    [
      'a uid that is too large',
      { pod: { runAsUser: 2 ** 31 } },
      ['spec.pod.runAsUser: must be at most 2147483647, not 2147483648'],
    ],
    [
      'a list that is a string',
      { container: { capabilities: { drop: 'ALL' } } },
      ['spec.container.capabilities.drop: must be a list, not "ALL"'],
    ],
    [
      'capabilities to add',
      { container: { capabilities: { add: ['CHOWN'], drop: ['ALL'] } } },
      ['spec.container.capabilities.add: is unknown'],
    ],
    [
      'an unconfined profile',
      { pod: { seccompProfile: { type: 'Unconfined' } } },
      ['spec.pod.seccompProfile.type: must be one of "RuntimeDefault", "Localhost", not "Unconfined"'],
    ],
    [
      'a Localhost profile without its file',
      { pod: { seccompProfile: { type: 'Localhost' } } },
      ['spec.pod.seccompProfile.localhostProfile: is missing'],
    ],
    [
      'a slash with nothing behind it in an image pattern',
      { exceptions: [{ images: ['nginx/'], skip: ['runAsNonRoot'] }] },
      ['spec.exceptions.0.images.0: an image pattern has a name on both sides of each slash: write "nginx"'],
    ],
    ['the same for the pod and for its containers', { pod: { runAsUser: 7 }, container: { runAsUser: 7 } }, []],
    [
      'one thing for the pod and another for its containers',
      { pod: { runAsUser: 7 }, container: { runAsUser: 8 } },
      ['spec.container.runAsUser: differs from spec.pod.runAsUser, which containers inherit: leave one of them out'],
    ],
    [
      'a tag in an image pattern',
      { writablePaths: [{ images: ['nginx:1.29'], paths: ['/tmp'] }] },
      ['spec.writablePaths.0.images.0: an image pattern names a repository, with all its tags: write "nginx"'],
    ],
    [
      'a bad path',
      { writablePaths: [{ images: ['nginx'], paths: ['/proc/x'] }] },
      ['spec.writablePaths.0.paths.0: "/proc/x" lies below /proc'],
    ],
    [
      'a bad size',
      { writablePaths: [{ images: ['nginx'], paths: [{ path: '/tmp', sizeLimit: '64MB' }] }] },
      ['spec.writablePaths.0.paths.0.sizeLimit: is not a size such as 64Mi'],
    ],
    [
      'an exception for everything',
      { exceptions: [{ skip: ['capabilities'] }] },
      [
        'spec.exceptions.0: needs a podSelector or images; to switch a field off everywhere, leave it out of the policy',
      ],
    ],
    [
      'an exception from no rule',
      { exceptions: [{ images: ['x'], skip: ['readonlyRootFilesystem'] }] },
      [
        `spec.exceptions.0.skip.0: must be one of ${ruleIds.map((id) => `"${id}"`).join(', ')}, not "readonlyRootFilesystem"`,
      ],
    ],
    [
      'a selector as Kubernetes would',
      {
        exceptions: [
          { podSelector: { matchExpressions: [{ key: 'a', operator: 'NotIn' }] }, skip: ['capabilities'] },
          {
            podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] },
            skip: ['capabilities'],
          },
        ],
      },
      [
        'spec.exceptions.0.podSelector.matchExpressions.0.values: is missing: NotIn needs some',
        'spec.exceptions.1.podSelector.matchExpressions.0.values: goes with In and NotIn alone',
      ],
    ],
    ...['/abs', '../up', 'a/../b', 'a/..'].map(
      (localhostProfile) =>
        [
          `the profile ${localhostProfile}`,
          { pod: { seccompProfile: { type: 'Localhost', localhostProfile } } },
          ["spec.pod.seccompProfile.localhostProfile: must lie below the kubelet's seccomp folder"],
        ] as const,
    ),
    [
      'a profile with dots in its name',
      { pod: { seccompProfile: { type: 'Localhost', localhostProfile: 'a..b/c.json' } } },
      [],
    ],
    ...bounds.map(
      ([what, spec, path, problem]) => [`more than there may be: ${what}`, spec, [`${path}: ${problem}`]] as const,
    ),
    [
      'a value that is told in part',
      { container: { readOnlyRootFilesystem: 'x'.repeat(1000) } },
      [`spec.container.readOnlyRootFilesystem: must be true, not "${'x'.repeat(100)}"…`],
    ],
    ['__proto__', JSON.parse('{"__proto__": {"lowPorts": true}}') as JsonObject, ['spec.__proto__: is unknown']],
  ];
  for (const [name, spec, problems] of cases) {
    it(problems.length === 0 ? `takes ${name}` : `refuses ${name}`, () => {
      expect(problemsOfSpec(spec)).to.deep.equal(problems);
    });
  }

  it('refuses what is no policy at all', () => {
    expect(problemsOf(null)).to.deep.equal([': must be an object, not null']);
    expect(problemsOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'none' } })).to.deep.equal([
      'apiVersion: must be "kube-harden.io/v1alpha1", not "v1"',
      'kind: must be "HardeningPolicy", not "Pod"',
      'metadata.name: "none" is what a namespace says to opt out',
      'spec: is missing',
    ]);
  });

  it('fills in the defaults of what may be left out', () => {
    const parsed = parsePolicy({
      apiVersion: 'kube-harden.io/v1alpha1',
      kind: 'HardeningPolicy',
      metadata: { name: 'mine' },
      spec: {},
    });
    if ('problems' in parsed) throw new Error('unexpected');
    const { lowPorts, podMayDeclareWritablePaths, exceptions, pod, container } = parsed.policy;
    expect({ lowPorts, podMayDeclareWritablePaths, exceptions, pod, container }).to.deep.equal({
      lowPorts: false,
      podMayDeclareWritablePaths: true,
      exceptions: [],
      pod: {},
      container: {},
    });
  });

  it('parses the largest that there may be in less than the event loop may be held for', () => {
    // Whatever costs the most to read for its size, good and bad.
    const specs: readonly JsonObject[] = [
      { exceptions: many(40, { images: many(27, '**/t*-1/[a-f]pp-*'), skip: ['runAsUser'] }) },
      { writablePaths: many(31, { images: many(60, '[!a][!b][!c]?'), paths: ['/a'] }) },
      { writablePaths: many(31, { images: many(60, '*/-1A?'), paths: ['/a'] }) },
      { writablePaths: many(12, { images: ['x'], paths: many(50, { path: '/a/b/c/d', sizeLimit: '64Mi' }) }) },
      Object.fromEntries(many(2000, 1).map((value, index) => [`unknown${index}`, value])),
    ];
    const fastest = specs.map((spec) => {
      const times = many(10, 0).map(() => {
        // The thread's own time: others may be at work on the same core.
        const start = process.threadCpuUsage();
        const problems = problemsOfSpec(spec);
        const { user } = process.threadCpuUsage(start);
        expect(problems.join()).to.not.match(/values|as JSON/);
        return user / 1000;
      });
      return Math.min(...times);
    });
    expect(Math.max(...fastest)).to.be.below(20);
  });

  it('looks at nothing of one that is far too large', () => {
    const huge = JSON.parse(`[${'[],'.repeat(300_000)}[]]`) as Json;
    const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as Json;
    const start = performance.now();
    for (const spec of [huge, { pod: huge }, deep, { writablePaths: [{ paths: [deep] }] }])
      expect(problemsOfSpec(spec)).to.deep.equal(['spec: has more than 2048 values: make several policies of it']);
    expect(performance.now() - start).to.be.below(100);
  });
});
