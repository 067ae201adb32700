import { expect } from 'chai';
import type { ImageProfile } from '../../../src/core/images/imageProfile.ts';
import { isImageProfileDocument, matchesTag, parseImageProfile } from '../../../src/core/images/imageProfile.ts';
import type { Json, JsonObject } from '../../../src/core/json/json.ts';

function documentOf(spec: Json, metadata: JsonObject = { name: 'nginx' }): JsonObject {
  return { apiVersion: 'kube-harden.io/v1alpha1', kind: 'ImageProfile', metadata, spec };
}

function problemsOf(document: Json): readonly string[] {
  const parsed = parseImageProfile(document);
  if ('profile' in parsed) return [];
  return parsed.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

function parse(spec: Json): ImageProfile {
  const parsed = parseImageProfile(documentOf(spec));
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.profile;
}

const digest = `sha256:${'0a'.repeat(32)}`;
const many = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

describe('parseImageProfile', () => {
  it('takes all that a profile may say', () => {
    const facts = {
      platform: 'linux/arm64/v8',
      declaredUser: '',
      user: { uid: 0, gid: 0, source: 'default' },
      stepsDownTo: { name: 'nginx', uid: 101, gid: 101, guarded: true },
      ports: [{ containerPort: 80, protocol: 'TCP' }],
      fileCapabilities: [
        { program: '/usr/bin/caddy', capabilities: ['NET_BIND_SERVICE'], effective: true, starts: true },
      ],
      survives: ['readOnlyRootFilesystem'],
      observedAt: '2026-11-24T23:00:00Z',
      source: 'docker.io/library/nginx:1.29',
    };
    const profile = parse({
      digests: [digest],
      ...facts,
      volumes: ['/data/'],
      writablePaths: [{ path: '/var//run', source: 'binary', hasContent: false }],
    });
    expect(profile).to.deep.equal({
      ...facts,
      name: 'nginx',
      images: [],
      tags: undefined,
      digests: [digest],
      volumes: ['/data'],
      writablePaths: [{ path: '/var/run', source: 'binary', hasContent: false }],
    });
  });

  it('keeps what is not known apart from what there is none of', () => {
    expect(parse({ images: ['nginx'] })).to.not.have.any.keys('writablePaths', 'volumes', 'declaredUser');
    expect(parse({ images: ['nginx'], writablePaths: [] }).writablePaths).to.deep.equal([]);
  });

  it('compiles patterns of names and tags', () => {
    const profile = parse({ images: ['nginx', '*/nginx'], tags: ['*-alpine*', 'latest'] });
    expect(profile.images.map(({ fullName }) => fullName)).to.deep.equal(['docker.io/library/nginx', undefined]);
    expect(['1.29-alpine3.22', 'latest', '1.29'].map((tag) => matchesTag(profile, tag))).to.deep.equal([
      true,
      true,
      false,
    ]);
    expect(matchesTag(parse({ images: ['nginx'] }), '1.29')).to.equal(true);
  });

  for (const [spec, problem] of [
    [{}, 'spec: needs images or digests'],
    [{ images: ['nginx'], digests: [digest] }, 'spec: has images or digests, not both: make two profiles of it'],
    [{ digests: [digest], tags: ['latest'] }, 'spec.tags: goes with images alone'],
    [{ digests: ['sha256:12'] }, 'spec.digests.0: has a form that Kubernetes does not take, not "sha256:12"'],
    [{ images: [] }, 'spec.images: must not be empty'],
    [
      { images: ['nginx:1.29'] },
      'spec.images.0: an image pattern names a repository, with all its tags: write "nginx"',
    ],
    [{ images: ['nginx'], tags: ['a/b'] }, `spec.tags.0: a tag's pattern has no "/", since no tag has: leave it out`],
    [
      { images: ['nginx'], tags: [''] },
      `spec.tags.0: a tag's pattern must not be empty: write "*" for all tags, or leave tags out`,
    ],
    [
      { images: ['nginx'], tags: ['[a'] },
      `spec.tags.0: a tag's pattern has a "[" without its "]": leave it out, or close it as in "[a-z]"`,
    ],
    [{ images: ['nginx'], user: { uid: -1, source: 'passwd' } }, 'spec.user.uid: must be at least 0, not -1'],
    [{ images: ['nginx'], user: { uid: 1 } }, 'spec.user.source: is missing'],
    [{ images: ['nginx'], pod: {} }, 'spec.pod: is unknown'],
    [{ images: ['nginx'], volumes: ['data'] }, 'spec.volumes.0: is no absolute path'],
    [
      { images: ['nginx'], writablePaths: [{ path: '/proc/x', source: 'owned' }] },
      'spec.writablePaths.0.path: "/proc/x" lies below /proc',
    ],
    [
      { images: ['nginx'], fileCapabilities: [{ program: '/x', capabilities: ['CAP_CHOWN'], starts: true }] },
      'spec.fileCapabilities.0.capabilities.0: has a form that Kubernetes does not take, not "CAP_CHOWN"',
    ],
    [{ images: ['nginx'], ports: [{ containerPort: 0 }] }, 'spec.ports.0.containerPort: must be at least 1, not 0'],
    [
      { images: ['nginx'], observedAt: 'today' },
      'spec.observedAt: has a form that Kubernetes does not take, not "today"',
    ],
    [
      { images: ['nginx'], writablePaths: many(65, { path: '/tmp', source: 'owned' }) },
      'spec.writablePaths: has more than 64 entries',
    ],
    [{ images: ['nginx'], volumes: many(65, '/data') }, 'spec.volumes: has more than 64 entries'],
    [
      { images: ['nginx'], volumes: many(9, `/${'d'.repeat(4000)}`) },
      'spec: has more than 32768 characters as JSON: make several profiles of it',
    ],
    [{ images: ['nginx'], more: many(2100, 1) }, 'spec: has more than 2048 values: make several profiles of it'],
  ] as const) {
    it(`says: ${problem}`, () => {
      expect(problemsOf(documentOf(spec as unknown as Json))).to.deep.equal([problem]);
    });
  }

  it('takes no other kind, and no name that no resource has', () => {
    expect(problemsOf({ ...documentOf({ images: ['nginx'] }), kind: 'HardeningPolicy' })).to.deep.equal([
      'kind: must be "ImageProfile", not "HardeningPolicy"',
    ]);
    expect(problemsOf(documentOf({ images: ['nginx'] }, { name: 'Nginx' }))).to.deep.equal([
      'metadata.name: has a form that Kubernetes does not take, not "Nginx"',
    ]);
    for (const document of [null, 3, 'x', [], {}]) expect(problemsOf(document)).to.not.deep.equal([]);
    expect([null, [], {}, documentOf({})].map(isImageProfileDocument)).to.deep.equal([false, false, false, true]);
  });
});
