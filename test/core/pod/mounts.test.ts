import { expect } from 'chai';
import { readMounts, readOnlyVolumes, walkMounts } from '../../../src/core/pod/mounts.ts';
import { locate } from '../../../src/core/pod/path.ts';
import { readPod } from '../../../src/core/pod/pod.ts';

function walkOver(mountPaths: readonly string[]) {
  const volumeMounts = mountPaths.map((mountPath) => ({
    name: mountPath === '/config' ? 'config' : 'data',
    mountPath,
  }));
  const volumes = [
    { name: 'data', emptyDir: {} },
    { name: 'config', configMap: { name: 'x' } },
  ];
  const pod = readPod({ spec: { containers: [{ name: 'a', volumeMounts }], volumes } });
  const [container] = pod.containers;
  if (container === undefined) throw new Error('there is one');
  return walkMounts(readMounts(container, readOnlyVolumes(pod)));
}

describe('a walk along mounts', () => {
  it('knows the nearest one at or above each place', () => {
    const walk = walkOver(['/srv/', 'a', '/a/b/c', '/a-b', '/config', '']);
    const places = ['/a/b', '/a/b/c/d', '/a/x', '/a-b', '/b', '/config/x', '/srv'].map(locate);
    expect(places.map((place) => walk.goTo(place)?.path)).to.deep.equal([
      '/a',
      '/a/b/c',
      '/a',
      '/a-b',
      undefined,
      '/config',
      '/srv',
    ]);
  });

  it('knows what is read-only by its volume', () => {
    const walk = walkOver(['/config', '/data']);
    expect(walk.goTo(locate('/config/x'))?.isReadOnly).to.equal(true);
    expect(walk.goTo(locate('/data/x'))?.isReadOnly).to.equal(false);
  });

  it('has the root above everything, and what is mounted on the way', () => {
    const walk = walkOver(['/']);
    expect(walk.goTo(locate('/a'))?.path).to.equal('/');
    walk.enter({ ...locate('/a'), isReadOnly: false });
    expect(walk.goTo(locate('/a/b'))?.path).to.equal('/a');
    expect(walk.goTo(locate('/c'))?.path).to.equal('/');
  });

  it('knows whether somebody has mounted below by the name of the place itself', () => {
    const below = (mountPaths: readonly string[]): boolean => {
      const walk = walkOver(mountPaths);
      walk.goTo(locate('/var/run'));
      return walk.isNamedBelow('/run');
    };
    expect(below(['/run/app'])).to.equal(true);
    expect(below(['/var/run/app', '/run/b'])).to.equal(true);
    expect(below(['/var/run/app', '/running'])).to.equal(false);
  });
});
