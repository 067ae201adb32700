import { expect } from 'chai';
import { isLoopback, isPublicAddress } from '../../src/registry/addresses.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { parseReference } from '../../src/registry/reference.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

describe('parseReference', () => {
  for (const [text, registry, repository, tag, ofDigest] of [
    ['nginx', 'docker.io', 'library/nginx', 'latest', undefined],
    ['index.docker.io/nginx:1.29', 'docker.io', 'library/nginx', '1.29', undefined],
    ['org/app', 'docker.io', 'org/app', 'latest', undefined],
    ['localhost:5000/a/b__c:x', 'localhost:5000', 'a/b__c', 'x', undefined],
    [`ghcr.io/a/b@${digest}`, 'ghcr.io', 'a/b', undefined, digest],
    [`ghcr.io/a/b:1@${digest}`, 'ghcr.io', 'a/b', '1', digest],
  ] as const) {
    it(`takes ${text} apart`, () => {
      expect(parseReference(text)).to.deep.equal({ text, registry, repository, tag, digest: ofDigest });
    });
  }

  for (const [text, problem] of [
    ['', '"" is no name of an image'],
    ['Nginx', '"Nginx" has "Nginx" in it, which no repository has; repositories have no capitals'],
    ['a//b', '"a//b" has "" in it, which no repository has'],
    ['ghcr.io/../x', '"ghcr.io/../x" has ".." in it, which no repository has'],
    ['nginx:', '"nginx:" has no tag in ""'],
    ['nginx:a b', '"nginx:a b" has no tag in "a b"'],
    ['nginx@sha256:12', '"nginx@sha256:12" has no sha256 or sha512 after the "@"'],
    ['a.b?c/nginx', `"a.b?c/nginx" has no registry's name in "a.b?c"`],
    ['user@evil.example/x', '"user@evil.example/x" has no sha256 or sha512 after the "@"'],
    ['evil.example#/x', `"evil.example#/x" has no registry's name in "evil.example#"`],
  ] as const) {
    it(`says: ${problem}`, () => {
      expect(() => parseReference(text)).to.throw(
        `${problem}: images are written as nginx, nginx:1.29 or ghcr.io/a/b@sha256:…`,
      );
    });
  }
});

describe('isPublicAddress', () => {
  it("knows this machine's and its neighbours' addresses, however they are written", () => {
    for (const address of [
      ...['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
      ...['::1', '::', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '64:ff9b::a00:1', 'x', ''],
    ])
      expect(isPublicAddress(address), address).to.equal(false);
    for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700::1111']) expect(isPublicAddress(address)).to.equal(true);
  });

  it('and which names are this machine', () => {
    expect(['localhost', '127.0.0.1', '[::1]', '127.9.9.9'].map(isLoopback)).to.deep.equal([true, true, true, true]);
    expect(['127.0.0.1.example', '10.0.0.1', 'localhost.example'].map(isLoopback)).to.deep.equal([false, false, false]);
  });
});

describe('parseChallenges', () => {
  it('takes several challenges apart', () => {
    const header = 'Basic realm="a, b", Bearer realm="https://x/y?a=b",service=reg, scope="with \\"quotes\\""';
    expect(parseChallenges(header).map(({ scheme, parameters }) => [scheme, ...parameters])).to.deep.equal([
      ['basic', ['realm', 'a, b']],
      ['bearer', ['realm', 'https://x/y?a=b'], ['service', 'reg'], ['scope', 'with "quotes"']],
    ]);
    expect(parseChallenges('')).to.deep.equal([]);
    expect(parseChallenges('realm="x"')).to.deep.equal([]);
  });
});
