import { expect } from 'chai';
import fc from 'fast-check';
import { isGlobProblem } from '../../../src/core/policy/glob.ts';
import { compileImagePatterns, matchImage, readImagePattern } from '../../../src/core/policy/imagePattern.ts';
import { tries } from '../../property.ts';
import { compile } from './compile.ts';

const digest = `sha256:${'0'.repeat(64)}`;

const matches = (pattern: string, image: string): boolean =>
  matchImage(compile([{ images: [pattern], entry: true }]), image).length > 0;

const problemOf = (pattern: string): string | undefined => {
  const read = readImagePattern(pattern);
  return isGlobProblem(read) ? read.problem : undefined;
};

describe('readImagePattern', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['', 'must not be empty: write "**" for all images'],
    ['a'.repeat(256), 'has at most 255 characters'],
    ['!nginx', 'cannot exclude images: leave the "!" out, and list those that are meant'],
    ['ng\\*', 'has no "\\", since no image name has: leave it out'],
    ['{nginx,redis}', 'has no braces, since no image name has: write a pattern for each alternative'],
    ['nginx, redis', 'is one name: write others as patterns of their own, without spaces and commas'],
    ['docker://nginx', 'names no protocol: write "nginx"'],
    ['nginx:1.29', 'names a repository, with all its tags: write "nginx"'],
    ['registry:5000/app:v1', 'names a repository, with all its tags: write "registry:5000/app"'],
    ['localhost:5000', 'names a registry alone: write "localhost:5000/**"'],
    ['registry.example.com:5000', 'names a registry alone: write "registry.example.com:5000/**"'],
    ['Registry:5000', 'names a registry alone: write "Registry:5000/**"'],
    ['docker.io', 'names a registry alone: write "docker.io/**"'],
    ['index.docker.io', 'names a registry alone: write "docker.io/**"'],
    ['ghcr.io', 'names a registry alone: write "ghcr.io/**"'],
    ['quay.io:443', 'names a registry alone: write "quay.io:443/**"'],
    ['localhost', 'names a registry alone: write "localhost/**"'],
    ['docker.io/library', 'names an organisation alone: write "docker.io/library/*"'],
    ['index.docker.io/library', 'names an organisation alone: write "docker.io/library/*"'],
    [
      'index.docker.i?/nginx',
      'can match nothing of Docker Hub: images of index.docker.io are told as docker.io: write "docker.io/nginx"',
    ],
    [
      'index.docker.*/nginx',
      'can match nothing of Docker Hub: images of index.docker.io are told as docker.io: write "docker.io/nginx"',
    ],
    ['nginx:*', 'names a repository, with all its tags: write "nginx"'],
    [`nginx@${digest}`, 'names a repository, with all its digests: write "nginx"'],
    [`nginx:1.29@${digest}`, 'names a repository, with all its digests: write "nginx"'],
    ['nginx/', 'has a name on both sides of each slash: write "nginx"'],
    ['/a//b', 'has a name on both sides of each slash: write "a/b"'],
    ['nginx[', 'has a "[" without its "]": leave it out, or close it as in "[a-z]"'],
    ['nginx]', 'has a "]" that closes nothing: leave it out'],
    ['nginx[]', 'has "[]" without anything in it: write "?" for any one character'],
    ['nginx[!]', 'has "[]" without anything in it: write "?" for any one character'],
    ['nginx[z-a]', 'has "[z-a]", which is empty: write "[a-z]"'],
    ['nginx[[:alpha:]]', 'has "[[:alpha:]": between brackets stand letters, digits and ranges, as in "[a-z0-9]"'],
    ['*?*?*?*', 'has at most 6 wildcards'],
    ['nginx%', 'has no "%", since no image name has: leave it out'],
    ['Nginx', 'has no capitals, since no repository has: write "nginx"'],
    ['docker.io/Grafana/*', 'has no capitals, since no repository has: write "docker.io/grafana/*"'],
    ['registry/Team/app', 'has no capitals, since no repository has: write "registry/team/app"'],
    ['[A-Z]*x', 'has no capitals, since no repository has: write "[a-z]*x"'],
  ];
  for (const [pattern, problem] of refused) {
    it(`refuses ${JSON.stringify(pattern.slice(0, 40))}`, () => {
      expect(problemOf(pattern)).to.equal(`an image pattern ${problem}`);
    });
  }

  for (const part of ['-nginx', 'nginx-', '.*', 'a..b', 'a._b', 'a___b', '[-._]x', 'x_', '[!a-z0-9]', 'a:b*', 'a!b']) {
    for (const pattern of [part, `docker.io/${part}/x`, `**/${part}`]) {
      it(`refuses ${pattern}, which can match nothing`, () => {
        const shown = JSON.stringify(part);
        const words = 'parts begin and end with a letter or a digit, and have single ".", "_", "__" or dashes between';
        // What looks like a tag is told to be one.
        if (/:[^/]*$/.test(pattern)) expect(problemOf(pattern)).to.match(/with all its tags/);
        else
          expect(problemOf(pattern)).to.equal(
            `an image pattern can match nothing: no part of an image name is ${shown}; ${words}`,
          );
      });
    }
  }

  const taken = [
    'nginx',
    'n--x',
    'a__b',
    '*',
    '**',
    '?',
    '**/x',
    'a/**',
    'a/**/b',
    '[a-c]x',
    '[!a]*',
    '*_?',
    'x[0-9.]y',
  ];
  const hosts = [
    'registry:5000',
    'Registry.Example.com',
    '*.example.com:5000',
    'REGISTRY',
    'REGI-STRY',
    'localhost',
    'host:*',
    'R*',
    '*:[0-9]',
  ];
  for (const pattern of [...taken, ...hosts.map((host) => `${host}/x`)]) {
    it(`takes ${pattern}`, () => expect(problemOf(pattern)).to.equal(undefined));
  }
});

describe('image patterns', () => {
  const official = ['nginx', 'library/nginx', 'docker.io/nginx', 'docker.io/library/nginx'];
  const spellings = [...official, 'index.docker.io/nginx', 'index.docker.io/library/nginx'];

  it('mean the official image by any of its names, whichever of them the pod writes', () => {
    for (const pattern of spellings)
      for (const image of spellings) expect(matches(pattern, `${image}:1.29`), `${pattern} ${image}`).to.equal(true);
  });

  it('have the official images in Docker Hub, and in any registry', () => {
    const wide = ['*', 'n*', 'docker.io/*', 'index.docker.io/*', 'library/*', 'docker.io/library/*', 'docker.io/**'];
    for (const pattern of [...wide, '**', '**/nginx', '*/nginx', '**/library/nginx', '**/docker.io/nginx', '*/*'])
      for (const image of spellings) expect(matches(pattern, image), `${pattern} ${image}`).to.equal(true);
  });

  it('do not take other images for official ones', () => {
    for (const pattern of ['*', 'docker.io/*', 'library/*', 'nginx', 'docker.io/library/nginx']) {
      for (const image of ['bitnami/nginx', 'quay.io/nginx', 'library/a/nginx', 'quay.io/library/nginx', 'nginx/nginx'])
        expect(matches(pattern, image), `${pattern} ${image}`).to.equal(false);
    }
    expect(matches('grafana/grafana', 'library/grafana/grafana')).to.equal(false);
  });

  it('stay within Docker Hub where they name it', () => {
    expect(matches('docker.io/**', 'grafana/grafana')).to.equal(true);
    expect(matches('docker.io/**', 'quay.io/grafana/grafana')).to.equal(false);
    expect(matches('grafana/**', 'grafana')).to.equal(false);
    expect(matches('grafana/**', 'docker.io/grafana/grafana')).to.equal(true);
    expect(matches('grafana/**', 'quay.io/grafana/grafana')).to.equal(false);
  });

  it('know wildcards and classes', () => {
    expect(matches('*/app-[0-9]', 'quay.io/app-7')).to.equal(true);
    expect(matches('*/app-[!0-9]', 'quay.io/app-7')).to.equal(false);
    expect(matches('*/app-?', 'quay.io/app-77')).to.equal(false);
    expect(matches('a/**/*x*/c', 'a/b/axb/y/c')).to.equal(false);
    expect(matches('a/**/*x*/**/c', 'a/b/axb/y/c')).to.equal(true);
    expect(matches('**/b/**/b', 'a/b/b/b')).to.equal(true);
    expect(matches('**/b/**/b', 'a/b')).to.equal(false);
  });

  const piece = fc.constantFrom(...'ab1.-_', '*', '?', '[a-c]', '[!a]', '[.-]', '__', '--', '**');
  const segment = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  const host = fc.constantFrom(
    'docker.io',
    'index.docker.io',
    'library',
    'quay.io',
    'r:5000',
    '*.io',
    '**',
    'Q.io',
    'r:?',
  );
  const pattern = fc
    .tuple(fc.option(host, { nil: undefined }), fc.array(segment, { minLength: 1, maxLength: 3 }))
    .map(([first, segments]) => [...(first === undefined ? [] : [first]), ...segments].join('/'));

  it('that are taken match an image that can be made from them', () => {
    fc.assert(
      fc.property(pattern, (text) => {
        fc.pre(problemOf(text) === undefined);
        const image = imageFrom(text);
        expect(image, text).to.match(reference);
        expect(matches(text, String(image)), `${text} ${image}`).to.equal(true);
      }),
      tries(2000),
    );
  });

  it('that are refused for it match none', () => {
    const impossible = pattern.filter((text) => problemOf(text)?.includes('can match nothing') === true);
    fc.assert(
      fc.property(impossible, (text) => {
        expect(imageFrom(text), text).to.equal(undefined);
      }),
      tries(500),
    );
  });

  it('say the same of an image by whichever of its spellings', () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,3}$/);
    fc.assert(
      fc.property(pattern, name, (text, own) => {
        fc.pre(problemOf(text) === undefined);
        const said = spellings.map((spelling) => matches(text, spelling.replace('nginx', own)));
        expect(new Set(said).size, `${text} ${own}`).to.equal(1);
      }),
      tries(2000),
    );
  });

  it('take no time over hostile names', () => {
    const patterns = ['*a*a*a*a*a*b', '**/a/**/a/**/b', '*ab*ab*ab*ac', '**/*a*/**/*a*/x'];
    const hostile = compile([{ images: patterns, entry: true }]);
    const start = performance.now();
    for (const image of ['a'.repeat(1000), 'a/'.repeat(500), `${'ab'.repeat(400)}acx`, 'a.'.repeat(500)])
      matchImage(hostile, `${image}z`);
    expect(performance.now() - start).to.be.below(200);
  });

  it('are data that another thread can be given', () => {
    const patterns = compile([{ images: ['nginx', '**/a?', '[!b]*/c'], entry: true }]);
    expect(structuredClone(patterns)).to.deep.equal(patterns);
    expect(compileImagePatterns([]).others).to.deep.equal([]);
  });
});

const parts = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*';
const domainParts = '[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?';
/** distribution/reference, `ReferenceRegexp`, without tag and digest. */
const reference = new RegExp(`^(${domainParts}(\\.${domainParts})*(:[0-9]+)?/)?${parts}(/${parts})*$`);

/** A name that a pattern describes, found by trying what each wildcard may stand for; undefined where there is none. */
function imageFrom(text: string): string | undefined {
  const [first = '', ...others] = text.split('/');
  const isRegistry = (name: string): boolean =>
    new RegExp(`^${domainParts}(\\.${domainParts})*(:[0-9]+)?$`).test(name) && /[.:A-Z]/.test(name);
  const isPart = (name: string): boolean => new RegExp(`^${parts}$`).test(name);
  const made = [first, ...others].map((segment, index, all) => {
    if (segment === '**') return index === all.length - 1 ? 'a' : '';
    const mayBeRegistry = all.slice(0, index).every((before) => before === '**') && index < all.length - 1;
    return candidates(segment).find((name) => isPart(name) || (mayBeRegistry && isRegistry(name)));
  });
  if (made.includes(undefined)) return undefined;
  return made.filter((name) => name !== '').join('/');
}

function candidates(segment: string): readonly string[] {
  const found = segment.match(/\[[^\]]*\]|\*+|./g) ?? [];
  return found.reduce<readonly string[]>(
    (before, token) => {
      const next = token.startsWith('*')
        ? ['', 'a', 'a.a', 'a:1', '.a', ':1', 'a.', 'a-a', '_a', 'a_', '-a', 'a-', '_', '.', '-', '-a-', '.a.', '1']
        : token === '?'
          ? [...'a1._-']
          : ({ '[a-c]': [...'abc'], '[!a]': [...'b1._-'], '[.-]': [...'.-'] }[token] ?? [token]);
      return [...new Set(before.flatMap((text) => next.map((each) => text + each)))].slice(0, 50_000);
    },
    [''],
  );
}
