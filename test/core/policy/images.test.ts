import { expect } from 'chai';
import { imageNames } from '../../../src/core/pod/imageName.ts';
import { matchImage } from '../../../src/core/policy/imagePattern.ts';
import { compile } from './compile.ts';

const official = ['docker.io/library/nginx', 'library/nginx', 'docker.io/nginx', 'nginx'];
const digest = `sha256:${'0'.repeat(64)}`;

describe('imageNames', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['nginx', official],
    ['nginx:1.29', official],
    [`nginx@${digest}`, official],
    [`nginx:1.29@${digest}`, official],
    ['library/nginx', official],
    ['docker.io/nginx', official],
    ['index.docker.io/library/nginx', official],
    ['grafana/grafana:11', ['docker.io/grafana/grafana', 'grafana/grafana']],
    ['library/a/b', ['docker.io/library/a/b', 'library/a/b']],
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
    [`quay.io/${'a'.repeat(255)}`, [`quay.io/${'a'.repeat(255)}`]],
    [`quay.io/${'a'.repeat(256)}`, []],
  ];
  for (const [image, names] of cases) {
    it(`of ${JSON.stringify(image.slice(0, 60))}`, () => expect(imageNames(image)).to.deep.equal(names));
  }
});

describe('matchImage', () => {
  const patterns = compile([
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
});
