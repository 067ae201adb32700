import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseImageProfile } from '../../src/core/images/imageProfile.ts';
import { readManifest } from '../../src/manifest/readManifest.ts';
import { capabilityAttribute, gzipLayer, makeImage } from '../registry/buildImage.ts';
import type { FakeRegistry } from '../registry/fakeRegistry.ts';
import { startRegistry } from '../registry/fakeRegistry.ts';
import { run } from './run.ts';

const entrypoint = `#!/bin/sh
set -e
if [ "$(id -u)" = '0' ]; then
  find /var/lib/app \\! -user app -exec chown app '{}' +
  exec su-exec app "$0" "$@"
fi
exec "$@"
`;

describe('inspect', () => {
  let registry: FakeRegistry;
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kube-harden-'));
    registry = await startRegistry();
    const layer = await gzipLayer([
      { name: 'etc/passwd', text: 'root:x:0:0::/:\napp:x:999:998::/:\n' },
      { name: 'usr/bin/docker-entrypoint.sh', text: entrypoint, mode: 0o755 },
      { name: 'entrypoint.sh', type: 'symlink', linkname: 'usr/bin/docker-entrypoint.sh' },
      { name: 'var/lib/app/', uid: 999 },
      { name: 'srv/site/', uid: 999 },
      { name: 'srv/site/index\u001b[31m.html', text: 'x' },
      {
        name: 'usr/bin/appd',
        text: '\u007fELF\0/run/appd.pid\0',
        mode: 0o755,
        pax: { 'SCHILY.xattr.security.capability': capabilityAttribute(10) },
      },
      { name: 'run/' },
    ]);
    const config = { Entrypoint: ['/entrypoint.sh'], Cmd: ['appd'], ExposedPorts: { '80/tcp': {} } };
    registry.add('team/app', '1', makeImage(config, [layer]));
  });
  after(async () => {
    await registry.stop();
    await rm(directory, { recursive: true });
  });

  it('tells people what is known', async () => {
    const image = `${registry.host}/team/app:1`;
    const { stdout, stderr, exitCode } = await run(['inspect', image]);
    expect(stdout.replace(/sha256:\w+/, 'DIGEST').replace(registry.host, 'HOST')).to.equal(`HOST/team/app:1
  digest             DIGEST
  platform           linux/amd64
  starts             /usr/bin/appd
  runs as            root (uid 0, gid 0), since it declares no user
  steps down to      app (uid 999, gid 998), only where it starts as root
  ports              80/TCP
  volumes            none
  file capabilities  /usr/bin/appd: NET_BIND_SERVICE, which does not start without
  writes to          /run          its program names it; empty
                     /srv/site     open to its user; has content: mount nothing over it
                     /var/lib/app  its scripts write there; empty
`);
    expect({ stderr, exitCode }).to.deep.equal({ stderr: '', exitCode: 0 });
  });

  it('writes profiles that can be applied', async () => {
    const image = `${registry.host}/team/app:1`;
    const { stdout: yaml } = await run(['inspect', '-o', 'yaml', image, image]);
    const documents = readManifest(yaml, 'profiles.yaml').map(({ value }) => parseImageProfile(value));
    expect(documents).to.have.length(2);
    for (const parsed of documents) {
      expect('profile' in parsed && parsed.profile.stepsDownTo).to.deep.equal({
        name: 'app',
        uid: 999,
        gid: 998,
        guarded: true,
      });
    }
    const { stdout: json } = await run(['inspect', '-o', 'json', image]);
    expect(JSON.parse(json)).to.include({ kind: 'ImageProfile' });
    const { stdout: list } = await run(['inspect', '-o', 'json', image, image]);
    expect(JSON.parse(list)).to.include({ kind: 'List' });
  });

  it('tells what it could not find, and goes on', async () => {
    const image = `${registry.host}/team/app:1`;
    const { stdout, stderr, exitCode } = await run(['inspect', '--config-only', `${registry.host}/none`, image]);
    expect(stderr.replaceAll(registry.host, 'HOST')).to.equal(
      'kube-harden: HOST/none: HOST has no such image, or none with the tag "latest": check the name\n',
    );
    expect(stdout).to.include('runs as            root (uid 0, gid 0), since it declares no user\n');
    expect(stdout).to.include('writes to          unknown\n');
    expect(exitCode).to.equal(2);
  });

  it('signs in as a file says', async () => {
    const image = `${registry.host}/team/app:1`;
    registry.guard = (request, response) => {
      if (request.headers.authorization === `Basic ${Buffer.from('me:x').toString('base64')}`) return false;
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const auths = { [registry.host]: { auth: Buffer.from('me:x').toString('base64') } };
    const data = Buffer.from(JSON.stringify({ auths })).toString('base64');
    const secret = join(directory, 'secret.yaml');
    await writeFile(secret, `kind: Secret\ndata:\n  .dockerconfigjson: ${data}\n`);
    const empty = join(directory, 'empty.json');
    await writeFile(empty, '{}');
    expect(await run(['inspect', '--config-only', '--registry-config', secret, image])).to.include({ exitCode: 0 });
    const refused = await run(['inspect', '--config-only', '--registry-config', empty, image]);
    expect(refused.exitCode).to.equal(2);
    registry.guard = () => false;
    const failure = async (...args: string[]): Promise<unknown> =>
      run(['inspect', ...args, image]).catch((error: unknown) => String(error));
    expect(await failure('--registry-config', 'no.json')).to.equal('UsageError: no.json: no such file or directory');
    await writeFile(empty, 'kind: Secret\n');
    expect(await failure('--registry-config', empty)).to.equal(
      `UsageError: ${empty}: is neither in the form of docker's config.json nor a Secret with a .dockerconfigjson`,
    );
    expect(await failure('--platform', 'amd64')).to.equal(
      'UsageError: "amd64" is no platform: they are written as linux/amd64 or linux/arm64/v8',
    );
  });
});
