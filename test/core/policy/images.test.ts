import { expect } from 'chai';
import { imageNames } from '../../../src/core/pod/imageName.ts';
import { compileImagePatterns, matchImage } from '../../../src/core/policy/imagePattern.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('imageNames', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['nginx', ['nginx', 'docker.io/library/nginx']],
    ['nginx:1.29', ['nginx', 'docker.io/library/nginx']],
    [`nginx@${digest}`, ['nginx', 'docker.io/library/nginx']],
    [`nginx:1.29@${digest}`, ['nginx', 'docker.io/library/nginx']],
    ['library/nginx', ['nginx', 'docker.io/library/nginx']],
    ['docker.io/nginx', ['nginx', 'docker.io/library/nginx']],
    ['index.docker.io/library/nginx', ['nginx', 'docker.io/library/nginx']],
    ['grafana/grafana:11', ['grafana/grafana', 'docker.io/grafana/grafana']],
    ['quay.io/org/app:v1', ['quay.io/org/app']],
    ['registry:5000/app', ['registry:5000/app']],
    [`registry.example.com:5000/team/app:v1@${digest}`, ['registry.example.com:5000/team/app']],
    ['localhost/app', ['localhost/app']],
    ['[::1]:5000/app:v1', ['[::1]:5000/app']],
    ['', []],
    ['/', []],
    [':', []],
    ['@', []],
    ['a/', []],
    ['a'.repeat(2000), []],
  ];
  for (const [image, names] of cases) {
    it(`of ${JSON.stringify(image.slice(0, 60))}`, () => expect(imageNames(image)).to.deep.equal(names));
  }
});

describe('matchImage', () => {
  const patterns = compileImagePatterns([
    { images: ['nginx', '*/nginx'], entry: 'near' },
    { images: ['**/nginx'], entry: 'everywhere' },
    { images: ['*/legacy-*', 'docker.io/library/redis'], entry: 'legacy' },
  ]);
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['nginx:1.29', ['near', 'everywhere']],
    ['bitnami/nginx', ['near', 'everywhere']],
    ['registry:5000/nginx', ['near', 'everywhere']],
    ['registry:5000/a/b/nginx', ['everywhere']],
    ['quay.io/legacy-app:2', ['legacy']],
    ['quay.io/org/legacy-app', []],
    ['redis', ['legacy']],
    ['nginx-unprivileged', []],
    ['not a reference', []],
  ];
  for (const [image, entries] of cases) {
    it(image, () => expect(matchImage(patterns, image)).to.deep.equal(entries));
  }

  it('takes no time over hostile names and patterns', () => {
    const hostile = compileImagePatterns([{ images: ['*a*a*a*a*a*b', '**/a/**/a/**/b', '*ab*ab*ab*ac'], entry: true }]);
    const start = performance.now();
    for (const image of ['a'.repeat(1000), 'a/'.repeat(500), `${'ab'.repeat(400)}acx`, 'a.'.repeat(500)])
      matchImage(hostile, image);
    expect(performance.now() - start).to.be.below(1000);
  });
});
