import { expect } from 'chai';
import type { JsonObject } from '../../src/core/json/json.ts';
import type { ImageDescription } from '../../src/inspection/describeImage.ts';
import { describeImage } from '../../src/inspection/describeImage.ts';
import type { Entry } from '../../src/inspection/fileTree.ts';
import { addEntry, makeFileTree } from '../../src/inspection/fileTree.ts';
import { readImageConfig } from '../../src/inspection/imageConfig.ts';

type TestEntry = Partial<Entry> & { readonly path: string };

const program = { kind: 'file', mode: 0o755 } as const;

/** What is told of an image with a configuration and files; a path that ends with a slash is a directory. */
function describeFiles(config: JsonObject, ...files: readonly TestEntry[]): ImageDescription {
  const tree = makeFileTree(10_000);
  const passwd = 'root:x:0:0::/:\npostgres:x:999:999::/:\nwww:x:33:33::/:\n';
  const base: readonly TestEntry[] = [
    { path: 'etc/passwd', text: passwd },
    { path: 'bin/sh', ...program },
  ];
  for (const file of [...base, ...files]) {
    const kind = file.path.endsWith('/') ? 'directory' : 'file';
    addEntry(tree, { kind, mode: kind === 'directory' ? 0o755 : 0o644, uid: 0, gid: 0, ...file }, 1);
  }
  return describeImage(readImageConfig({ os: 'linux', architecture: 'amd64', config }), tree);
}

function pathsOf({ facts }: ImageDescription): readonly string[] {
  return (facts.writablePaths ?? []).map(
    ({ path, source, hasContent }) => `${path} ${source}${hasContent === true ? ' full' : ''}`,
  );
}

describe('describeImage', () => {
  it('follows an entrypoint through what it reads, wraps and hands over to', () => {
    const described = describeFiles(
      { Entrypoint: ['/sbin/tini', '-g', '--', '/docker-entrypoint.sh'], Cmd: ['serverd', '-f'] },
      { path: 'sbin/tini', ...program },
      { path: 'docker-entrypoint.sh', kind: 'symlink', target: 'usr/local/bin/entry.sh' },
      {
        path: 'usr/local/bin/entry.sh',
        ...program,
        text: '#!/bin/sh\n. /opt/lib.sh\nfind "/docker-entrypoint.d/" -type f\nstep_down "$@"\n',
      },
      {
        path: 'opt/lib.sh',
        text: 'step_down() {\n if [ "$(id -u)" = 0 ]; then\n  exec gosu www "$0" "$@"\n fi\n exec "$@"\n}',
      },
      {
        path: 'docker-entrypoint.d/10-conf.sh',
        ...program,
        text: '#!/bin/sh\nsed -i s/a/b/ /etc/app/conf.d/default.conf',
      },
      { path: 'docker-entrypoint.d/README', text: undefined },
      { path: 'etc/app/conf.d/default.conf' },
      { path: 'usr/bin/serverd', kind: 'symlink', target: '../lib/serverd-2' },
      {
        path: 'usr/lib/serverd-2',
        ...program,
        paths: ['/run/app/server.pid', '/run/server.pid', '/var/log/x', '/usr/x'],
      },
      { path: 'run/' },
      { path: 'var/log/' },
    );
    expect(described.facts.stepsDownTo).to.deep.equal({ name: 'www', uid: 33, gid: 33, guarded: true });
    expect(pathsOf(described)).to.deep.equal(['/etc/app/conf.d script full', '/run binary']);
  });

  it('hands over to what a script of the command line names', () => {
    const config = { Cmd: ['/bin/sh', '-c', 'mkdir -p /run/app && exec serverd --fast'] };
    const described = describeFiles(config, { path: 'usr/bin/serverd', ...program });
    expect(described.starts).to.deep.equal(['/bin/sh', '/usr/bin/serverd'].slice(1));
    expect(pathsOf(described)).to.deep.equal(['/run/app script']);
  });

  it("tells of the environment's paths and users only what the image's files have", () => {
    const described = describeFiles(
      {
        Entrypoint: ['/e.sh'],
        Env: ['PGDATA=/var/lib/pg/data', 'TOKEN=/s3cret/token', 'PUID=4242', 'NAME=postgres'],
      },
      {
        path: 'e.sh',
        ...program,
        text: '#!/bin/sh\nmkdir -p "$PGDATA" "$TOKEN"\ngosu "$PUID" true\nexec gosu "$NAME" "$@"',
      },
      { path: 'var/lib/pg/data/' },
    );
    expect(pathsOf(described)).to.deep.equal(['/var/lib/pg/data script']);
    expect(described.facts.stepsDownTo).to.deep.equal({ name: 'postgres', uid: 999, gid: 999, guarded: false });
    expect(JSON.stringify(described)).to.not.match(/s3cret|4242/);
  });

  it('keeps a step down of whom nobody knows', () => {
    const described = describeFiles(
      { Entrypoint: ['/e.sh'] },
      { path: 'e.sh', ...program, text: '#!/bin/sh\nexec gosu "$X" "$@"' },
    );
    expect(described.facts.stepsDownTo).to.deep.equal({ guarded: false });
  });

  it('proposes no deep parts of what has content', () => {
    const described = describeFiles(
      { User: 'postgres' },
      { path: 'srv/db/', uid: 999 },
      { path: 'srv/db/VERSION', uid: 999 },
      { path: 'srv/db/wal/', uid: 999 },
      { path: 'srv/db/a/b/c/', uid: 999 },
    );
    expect(pathsOf(described)).to.deep.equal(['/srv/db owned full', '/srv/db/wal owned']);
  });

  it('ends for links in a circle and scripts that call each other', () => {
    const described = describeFiles(
      { User: 'postgres', Entrypoint: ['/a.sh'], Volumes: { '/loop/x': {} } },
      { path: 'a.sh', ...program, text: '#!/bin/sh\n. /b.sh\n' },
      { path: 'b.sh', ...program, text: '#!/bin/sh\n. /a.sh\nmkdir /loop/y /deep/../up' },
      { path: 'loop', kind: 'symlink', target: '/loop2' },
      { path: 'loop2', kind: 'symlink', target: 'loop' },
    );
    expect(pathsOf(described)).to.deep.equal(['/loop/x volume', '/loop/y script', '/up script']);
  });
});
