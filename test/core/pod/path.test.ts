import { expect } from 'chai';
import { nameVolume, takeNames } from '../../../src/core/decisions/volumeName.ts';
import { cleanPath, isAtOrBelow, isSizeLimit, pathProblem } from '../../../src/core/pod/path.ts';

describe('paths', () => {
  it('are compared as the kubelet resolves them', () => {
    for (const path of ['tmp', '/tmp', '/tmp/', '//tmp', '/./tmp', '/a/../tmp'])
      expect(cleanPath(path)).to.equal('/tmp');
    expect(cleanPath('')).to.equal('/');
    expect(cleanPath('../..')).to.equal('/');
    expect(isAtOrBelow('/var/run', '/var')).to.equal(true);
    expect(isAtOrBelow('/variable', '/var')).to.equal(false);
    expect(isAtOrBelow('/var', '/var/run')).to.equal(false);
    expect(isAtOrBelow('/var', '/')).to.equal(true);
  });

  it('are refused in words', () => {
    const problems = [
      '/tmp',
      'tmp',
      '',
      '/',
      '//',
      '/a/../b',
      '/proc',
      '/sys/x',
      '/dev/shm',
      '/a:b',
      '/a\nb',
      '/device',
    ].map((path) => [path, pathProblem(path)] as const);
    expect(Object.fromEntries(problems)).to.deep.equal({
      '/tmp': undefined,
      tmp: 'is not absolute',
      '': 'is not absolute',
      '/': 'is the root itself',
      '//': 'is the root itself',
      '/a/../b': 'has a ".." in it',
      '/proc': 'belongs to the kernel',
      '/sys/x': 'lies below /sys',
      '/dev/shm': 'lies below /dev',
      '/a:b': 'has a ":" in it, which a mountPath must not',
      '/a\nb': 'has a control character in it',
      '/device': undefined,
    });
    expect(pathProblem('/var/run/secrets/kubernetes.io/serviceaccount/x')).to.equal("is the service account token's");
  });

  it('are as long as Linux takes them, in bytes', () => {
    const segments = (count: number, segment: string): string => `/${segment}`.repeat(count);
    expect(pathProblem(segments(16, 'a'.repeat(254)) + '/'.repeat(15))).to.equal(undefined);
    expect(pathProblem(segments(16, 'a'.repeat(254)) + '/'.repeat(16))).to.equal('is longer than 4095 bytes');
    expect(pathProblem(segments(11, 'ü'.repeat(127)) + '/ü'.repeat(430))).to.equal(undefined);
    expect(pathProblem(segments(11, 'ü'.repeat(127)) + '/ü'.repeat(431))).to.equal('is longer than 4095 bytes');
    expect(pathProblem('/'.repeat(5_000_000))).to.equal('is longer than 4095 bytes');
    expect(pathProblem(`/x/${'a'.repeat(255)}`)).to.equal(undefined);
    expect(pathProblem(`/x/${'a'.repeat(256)}`)).to.equal('has a segment that is longer than 255 bytes');
    expect(pathProblem(`/x/${'ü'.repeat(127)}a/y`)).to.equal(undefined);
    expect(pathProblem(`/x/${'ü'.repeat(128)}/y`)).to.equal('has a segment that is longer than 255 bytes');
    expect(pathProblem(`/${'😀'.repeat(63)}abc`)).to.equal(undefined);
    expect(pathProblem(`/${'😀'.repeat(64)}`)).to.equal('has a segment that is longer than 255 bytes');
  });

  it('have size limits as Kubernetes writes them', () => {
    for (const size of ['0', '1', '64Mi', '1.5Gi', '100M', '2Ti']) expect(isSizeLimit(size), size).to.equal(true);
    for (const size of ['', 'Mi', '-1', '64MB', '64mi', '1e3', '1..5Gi', '64 Mi'])
      expect(isSizeLimit(size), size).to.equal(false);
  });

  it('give volumes names that are labels, told apart, and always the same', () => {
    expect(nameVolume('web', '/tmp', takeNames([]))).to.equal('kube-harden-tmp-c0213c8f');
    expect(nameVolume('web', '/tmp', takeNames(['kube-harden-tmp-c0213c8f']))).to.equal('kube-harden-tmp-c0213c8f-2');
    const names = ['/a/b', '/a-b', '/A/b', `/${'long/'.repeat(40)}`, '/ünï', '/...'].map((path) =>
      nameVolume('web', path, takeNames([])),
    );
    expect(new Set(names).size).to.equal(names.length);
    for (const name of names) expect(name).to.match(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });
});
