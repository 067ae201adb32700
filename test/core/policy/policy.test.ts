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
      ['spec.exceptions.0.images.0: an image pattern has a name on both sides of each slash'],
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
      [
        'spec.writablePaths.0.images.0: an image pattern names a repository: tags and digests are ignored, so leave the tag out',
      ],
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
});
