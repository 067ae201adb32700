import { once } from 'node:events';
import { createGzip, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { parseImageProfile } from '../../src/core/images/imageProfile.ts';
import type { Json } from '../../src/core/json/json.ts';
import type { InspectOptions } from '../../src/registry/inspectImage.ts';
import { inspectImage } from '../../src/registry/inspectImage.ts';
import { defaultLimits } from '../../src/registry/limits.ts';
import type { TestFile, TestImage } from './buildImage.ts';
import { blobOf, capabilityAttribute, gzipLayer, jsonBlob, makeImage, makeTar, types } from './buildImage.ts';
import type { FakeRegistry } from './fakeRegistry.ts';
import { send, startRegistry } from './fakeRegistry.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/app:/bin/sh\n';
const base: readonly TestFile[] = [
  { name: 'etc/passwd', text: passwd },
  { name: 'etc/group', text: 'root:x:0:\napp:x:1001:\nextra:x:2000:app\n' },
  { name: 'tmp/', mode: 0o1777 },
  { name: 'usr/bin/server', text: '\u007fELF', mode: 0o755 },
];

describe('inspectImage', () => {
  let registry: FakeRegistry;
  beforeEach(async () => {
    registry = await startRegistry();
  });
  afterEach(async () => registry.stop());

  const options: InspectOptions = {
    insecureHosts: [],
    tokenHosts: [],
    mirrors: new Map(),
    credentialsFor: async () => undefined,
    now: new Date('2026-11-24T12:00:00Z'),
  };

  async function inspect(tag = '1', more: Partial<InspectOptions> = {}) {
    const inspected = await inspectImage(`${registry.host}/team/app:${tag}`, { ...options, ...more });
    const parsed = parseImageProfile(inspected.profile as unknown as Json);
    expect(parsed).to.not.have.property('problems');
    return inspected;
  }

  async function failure(more: Partial<InspectOptions> = {}, tag = '1'): Promise<string> {
    return inspect(tag, more).then(
      () => 'none',
      (error: Error) => error.message.replaceAll(registry.host, 'HOST'),
    );
  }

  async function addImage(config: object, ...layers: readonly (readonly TestFile[])[]): Promise<TestImage> {
    const image = makeImage(config, await Promise.all(layers.map(gzipLayer)));
    registry.add('team/app', '1', image);
    return image;
  }

  it('finds users by name, capabilities, volumes, ports and directories', async () => {
    const image = await addImage(
      {
        User: 'app',
        Entrypoint: ['/usr/bin/server'],
        Volumes: { '/data': {} },
        ExposedPorts: { '80/tcp': {}, '53/udp': {} },
        Env: ['PASSWORD=secret'],
      },
      base,
      [
        { name: 'data/', uid: 1000, gid: 1001 },
        { name: 'var/run', type: 'symlink', linkname: '/run' },
        { name: 'run/' },
        { name: 'var/run/app/', uid: 1000 },
        { name: 'var/cache/shared/', gid: 2000, mode: 0o775 },
        { name: 'var/lib/app/', uid: 1000 },
        { name: 'var/lib/app/seed', text: 'x', uid: 1000 },
        { name: 'var/lib/app/new/', uid: 1000 },
        { name: 'var/lib/other/', uid: 4 },
        {
          name: 'usr/bin/server',
          text: '\u007fELF',
          mode: 0o755,
          pax: { 'SCHILY.xattr.security.capability': capabilityAttribute(10) },
        },
      ],
    );
    const { profile, starts, remarks } = await inspect();
    expect(profile).to.deep.equal({
      apiVersion: 'kube-harden.io/v1alpha1',
      kind: 'ImageProfile',
      metadata: { name: `team-app-${image.manifest.digest.slice(7, 19)}` },
      spec: {
        digests: [image.manifest.digest],
        platform: 'linux/amd64',
        declaredUser: 'app',
        user: { uid: 1000, gid: 1001, source: 'passwd' },
        volumes: ['/data'],
        ports: [
          { containerPort: 80, protocol: 'TCP' },
          { containerPort: 53, protocol: 'UDP' },
        ],
        fileCapabilities: [
          { program: '/usr/bin/server', capabilities: ['NET_BIND_SERVICE'], effective: true, starts: true },
        ],
        writablePaths: [
          { path: '/data', source: 'volume', hasContent: false },
          { path: '/run/app', source: 'owned', hasContent: false },
          { path: '/tmp', source: 'owned', hasContent: false },
          { path: '/var/cache/shared', source: 'owned', hasContent: false },
          { path: '/var/lib/app', source: 'owned', hasContent: true },
          { path: '/var/lib/app/new', source: 'owned', hasContent: false },
        ],
        observedAt: '2026-11-24T12:00:00.000Z',
        source: `${registry.host}/team/app:1, as kube-harden inspect has found it in its registry`,
      },
    });
    expect(starts).to.deep.equal(['/usr/bin/server']);
    expect(remarks).to.deep.equal([]);
    expect(JSON.stringify(profile)).to.not.include('secret');
  });

  it('needs three requests for the config alone, one of them for the index', async () => {
    const image = await addImage({ User: '1000:2' }, base);
    const { digest, bytes } = image.manifest;
    const index = jsonBlob(
      {
        schemaVersion: 2,
        manifests: [
          { digest, size: bytes.length, mediaType: types.manifest, platform: { os: 'linux', architecture: 'amd64' } },
          { digest, size: 1, mediaType: types.manifest, platform: { os: 'unknown', architecture: 'unknown' } },
        ],
      },
      types.index,
    );
    registry.answer('/v2/team/app/manifests/2', send(index.bytes, types.index));
    const { profile } = await inspect('2', { configOnly: true });
    expect(profile.spec).to.deep.include({
      digests: [digest, index.digest],
      user: { uid: 1000, gid: 2, source: 'declared' },
    });
    expect(profile.spec).to.not.have.any.keys('writablePaths', 'fileCapabilities');
    expect(registry.requests).to.have.length(3);
    await addImage({ User: '7:web' }, base);
    const named = await inspect('1', { configOnly: true });
    expect(named.profile.spec.user).to.deep.equal({ uid: 7, source: 'declared' });
    expect(named.remarks).to.deep.equal(['who "7:web" is stands in its layers, which --config-only leaves out']);
    expect(await failure({ platform: { os: 'linux', architecture: 'arm64', variant: undefined } }, '2')).to.equal(
      'there is no image for linux/arm64: there are linux/amd64',
    );
    expect(await failure({ platform: { os: 'linux', architecture: 'arm64', variant: undefined } })).to.equal(
      'there is no image for linux/arm64: it is for linux/amd64 alone',
    );
  });

  it('tells how far it has come', async () => {
    const text = Array.from({ length: 200_000 }, (_, index) => index ** 3).join(' ');
    const image = await addImage({}, base, [{ name: 'large', text }]);
    const total = image.blobs.slice(1).reduce((sum, { bytes }) => sum + bytes.length, 0);
    const told: number[] = [];
    await inspect('1', {
      onProgress: (done, all) => {
        expect(all).to.equal(total);
        told.push(done);
      },
    });
    expect(told).to.deep.equal([...told].sort((left, right) => left - right));
    expect(told.at(-1)).to.equal(total);
    expect(new Set(told).size).to.be.greaterThan(2);
  });

  it('takes whiteouts, opaque directories and what replaces', async () => {
    await addImage(
      { User: '1000' },
      [
        ...base,
        { name: 'srv/a/', uid: 1000 },
        { name: 'srv/a/old', text: 'x' },
        { name: 'srv/b/', uid: 1000 },
        { name: 'srv/b/deep/old', text: 'x' },
        { name: 'srv/c/', uid: 1000 },
        { name: 'srv/c/old', text: 'x' },
      ],
      [
        { name: 'srv/a/.wh.old' },
        { name: 'srv/b/new/', uid: 1000 },
        { name: 'srv/b/.wh..wh..opq' },
        { name: '.wh.tmp' },
        // A whiteout says nothing of its own layer.
        { name: 'srv/c/.wh.old' },
        { name: 'srv/c/old', text: 'y' },
      ],
      [{ name: 'etc/passwd', text: 'app:x:1000:7::/:' }],
    );
    const { profile } = await inspect();
    expect(profile.spec.user).to.deep.equal({ uid: 1000, gid: 7, source: 'declared' });
    expect(profile.spec.writablePaths).to.deep.equal([
      { path: '/srv/a', source: 'owned', hasContent: false },
      { path: '/srv/b', source: 'owned', hasContent: false },
      { path: '/srv/b/new', source: 'owned', hasContent: false },
      { path: '/srv/c', source: 'owned', hasContent: true },
    ]);
  });

  it('reads the settings that a script reads', async () => {
    const script = '#!/bin/sh\nCONF=/etc/app\n. $CONF/envvars\n. /etc/default/app\nexec server';
    await addImage({ Entrypoint: ['/start'] }, base, [
      { name: 'start', text: script, mode: 0o755 },
      { name: 'etc/app/envvars', text: `: \${LOG_DIR:=/var/log/app}\n` },
      { name: 'etc/default/app', text: 'CACHE=/var/cache/app\n' },
      { name: 'etc/default/other', text: 'CACHE=/var/cache/other\n' },
      ...['log/app/', 'cache/app/', 'cache/other/'].map((name) => ({ name: `var/${name}` })),
    ]);
    const { profile } = await inspect();
    expect(profile.spec.writablePaths).to.deep.equal([
      { path: '/tmp', source: 'owned', hasContent: false },
      { path: '/var/cache/app', source: 'script', hasContent: false },
      { path: '/var/log/app', source: 'script', hasContent: false },
    ]);
  });

  it('says that nothing is written where nothing is open to its user, and nothing of root', async () => {
    const files: readonly TestFile[] = [{ name: 'server', text: '\u007fELF', mode: 0o755 }];
    await addImage({ User: '65532', Entrypoint: ['/server'] }, files);
    expect((await inspect()).profile.spec.writablePaths).to.deep.equal([]);
    await addImage({ Entrypoint: ['/server'] }, files);
    expect((await inspect()).profile.spec).to.not.have.property('writablePaths');
  });

  it('reads plain tar and Zstandard in several frames', async () => {
    const tar = await makeTar([{ name: 'x/', uid: 1000 }, ...base]);
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frames = [tar.subarray(0, 700), tar.subarray(700, 701), tar.subarray(701)].flatMap((part) => [
      skippable,
      zstdCompressSync(part),
    ]);
    for (const layer of [blobOf(tar, types.tar), blobOf(Buffer.concat([...frames, skippable]), types.zstd)]) {
      registry.add('team/app', '1', makeImage({ User: 'app' }, [layer]));
      expect((await inspect()).profile.spec.user).to.deep.equal({ uid: 1000, gid: 1001, source: 'passwd' });
    }
  });

  it('remarks on a user whom the image does not know, and on a program that it does not have', async () => {
    await addImage({ User: 'nobody-knows', Cmd: ['server2'] }, base);
    const { profile, remarks } = await inspect();
    expect(profile.spec).to.not.have.property('user');
    expect(remarks).to.deep.equal([
      'its passwd and group do not know its user "nobody-knows"',
      'it has no program "server2"',
    ]);
  });

  describe('from a registry that sends what is false', () => {
    const tell = async (config: object, layer: Buffer, more: Partial<InspectOptions> = {}): Promise<string> => {
      registry.add('team/app', '1', makeImage(config, [blobOf(layer, types.gzip)]));
      return failure(more);
    };

    it('refuses a layer that is cut short, larger or another one', async () => {
      const image = await addImage({}, base);
      const [, layer] = image.blobs;
      const { digest, bytes } = layer ?? image.manifest;
      const path = `/v2/team/app/blobs/${digest}`;
      registry.answer(path, send(bytes.subarray(0, 100)));
      expect(await failure()).to.equal(`layer 1 is cut short: 100 of ${bytes.length} bytes`);
      registry.answer(path, send(Buffer.concat([bytes, bytes])));
      expect(await failure()).to.equal(`layer 1 has more than the ${bytes.length} bytes that its manifest says`);
      const other = Buffer.from(bytes);
      other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
      registry.answer(path, send(other));
      expect(await failure()).to.match(/^layer 1 (is not what its digest|cannot be unpacked)/);
      registry.answer(path, (_request, response) => {
        response.writeHead(200, { 'Content-Length': bytes.length });
        response.write(bytes.subarray(0, 50), () => response.destroy());
      });
      expect(await failure()).to.equal('HOST has broken the connection off: try again');
    });

    it('refuses a manifest and a config that are not what their digests say', async () => {
      const image = await addImage({}, base);
      const [config] = image.blobs;
      registry.answer(`/v2/team/app/blobs/${config?.digest}`, send(Buffer.from('{"os":"linux"}')));
      expect(await failure()).to.match(
        /^the config is not what its digest sha256:.{12}… says: do not trust this registry$/,
      );
      registry.answer('/v2/team/app/manifests/1', (_request, response) => {
        response.writeHead(200, { 'Docker-Content-Digest': `sha256:${'0'.repeat(64)}` }).end(image.manifest.bytes);
      });
      expect(await failure()).to.match(/^the manifest is not what its digest/);
    });

    it('stops a bomb of zeros early', async function () {
      this.timeout(20_000);
      const gzip = createGzip();
      const chunks: Buffer[] = [];
      gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
      // A tenth of what is promised, since the rest is never asked for.
      const header = (await makeTar([{ name: 'zeros', text: '' }])).subarray(0, 512);
      gzip.write(resize(header, 10 * 1024 ** 3));
      const zeros = Buffer.alloc(1024 * 1024);
      for (let written = 0; written < 256; written += 1) if (!gzip.write(zeros)) await once(gzip, 'drain');
      gzip.end();
      await once(gzip, 'end');
      const before = process.memoryUsage().rss;
      expect(await tell({}, Buffer.concat(chunks))).to.equal('layer 1 unpacks to more than 200 times its size');
      expect(process.memoryUsage().rss - before).to.be.lessThan(300 * 1024 ** 2);
    });

    it('stops at too many files, names and links', async () => {
      const header = (await makeTar([{ name: 'file-000000', text: '' }])).subarray(0, 512);
      const blocks: Buffer[] = [];
      for (let index = 0; index < 10_001; index += 1) blocks.push(rename(header, index));
      expect(await tell({}, gzipSync(Buffer.concat(blocks)), { limits: { ...defaultLimits, files: 10_000 } })).to.equal(
        'it has more than 10000 files',
      );
      const deep = `${'d/'.repeat(2040)}f`;
      expect(await tell({}, gzipSync(await makeTar([{ name: deep, text: '' }])))).to.equal('none');
      const long = await makeTar([{ name: `${'d'.repeat(5000)}`, text: '' }]);
      expect(await tell({}, gzipSync(long))).to.equal('a file in it has a name that no system could open');
      const loops = await makeTar([
        ...base,
        { name: 'a', type: 'symlink', linkname: 'b' },
        { name: 'b', type: 'symlink', linkname: '/a' },
        { name: 'a/file', text: 'x' },
        { name: 'self', type: 'symlink', linkname: 'self/self' },
      ]);
      expect(await tell({ User: 'app', Entrypoint: ['/a/file'] }, gzipSync(loops))).to.equal('none');
    });

    it('keeps what names lead out of the root inside', async () => {
      await addImage({ User: 'app' }, [
        { name: '../../etc/passwd', text: 'app:x:5:5::/:' },
        { name: '/etc/group', text: '' },
        { name: '/abs/', uid: 5 },
      ]);
      expect((await inspect()).profile.spec).to.deep.include({
        user: { uid: 5, gid: 5, source: 'passwd' },
        writablePaths: [{ path: '/abs', source: 'owned', hasContent: false }],
      });
    });

    it('reads a passwd that is garbage as one that knows nobody', async () => {
      const garbage = `${':'.repeat(1000)}\napp:x:99999999999:0::/:\n\0\u0007:::\n${'x'.repeat(100_000)}`;
      await addImage({ User: 'app' }, [{ name: 'etc/passwd', text: garbage }]);
      expect((await inspect()).remarks).to.deep.equal(['its passwd and group do not know its user "app"']);
    });

    it('makes a profile that can be applied of whatever an image says', async () => {
      const many = (prefix: string): Record<string, object> =>
        Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${prefix}${index}`, {}]));
      const odd = ['/a\u0007b', 'relative', `/${'v'.repeat(5000)}`, '/', '/proc/x', '/a/../b//'];
      const config = {
        User: 'u'.repeat(300),
        Volumes: { ...Object.fromEntries(odd.map((name) => [name, {}])), ...many(`/${'d'.repeat(200)}`) },
        ExposedPorts: { ...many('1'), 'x/tcp': {}, '70000': {}, '80/quic': {}, '0': {} },
        Entrypoint: [3, null, '/x'.repeat(3000)],
        Cmd: 'text',
        Env: { a: 1 },
      };
      const files = Array.from({ length: 100 }, (_, index) => ({
        name: `srv/${'p'.repeat(200)}${index}/\u001b`,
        mode: 0o755,
        text: '',
        pax: { 'SCHILY.xattr.security.capability': capabilityAttribute(10 + (index % 4)) },
      }));
      await addImage(config, [...base, ...files]);
      for (const configOnly of [false, true]) {
        const { profile, remarks } = await inspect('1', { configOnly });
        expect(profile.spec.volumes?.slice(0, 4)).to.deep.equal(['/', '/proc/x', '/b', `/${'d'.repeat(200)}0`]);
        expect(profile.spec.volumes).to.have.length(64);
        expect(profile.spec).to.not.have.property('declaredUser');
        expect(remarks.at(-1)).to.equal(
          'it declares more volumes or ports, or longer ones, than a profile takes: the rest is left out',
        );
      }
    });

    it('refuses what is no tar, no manifest, and no image', async () => {
      expect(await tell({}, gzipSync(Buffer.alloc(2048, 'x')))).to.match(
        /^layer 1 (is no tar, or is damaged|has a header)/,
      );
      const tar = await makeTar([{ name: 'file', text: 'x'.repeat(2000) }]);
      expect(await tell({}, gzipSync(tar.subarray(0, 1500)))).to.equal('layer 1 ends in the middle of a file');
      const manifests: readonly (readonly [string, string])[] = [
        ['x', 'the manifest is no JSON'],
        ['[]', 'the manifest is no JSON object'],
        ['{}', 'the manifest has no config'],
        ['{"schemaVersion":1}', 'the manifest is in the old schema 1, which is not read here: push it anew'],
        ['{"config":{"digest":"sha256:1","size":1}}', 'the manifest has no sha256 or sha512 of the config'],
        [
          `{"config":{"digest":"sha256:${'0'.repeat(64)}","size":1,"mediaType":"application/vnd.cncf.helm.config.v1+json"}}`,
          'that is no image of a container but "application/vnd.cncf.helm.config.v1+json"',
        ],
        ['{"manifests":[]}', 'there is no image for linux/amd64: the index names no platform'],
        [
          ' '.repeat(defaultLimits.manifestBytes + 1),
          `the manifest has more than ${defaultLimits.manifestBytes} bytes`,
        ],
      ];
      for (const [text, problem] of manifests) {
        registry.answer('/v2/team/app/manifests/1', send(Buffer.from(text)));
        expect(await failure()).to.equal(problem);
      }
    });
  });

  describe('from a registry that does not answer as it should', () => {
    it('follows redirects to another host without credentials, and not for ever', async () => {
      const image = await addImage({ User: '5' }, base);
      const storage = await startRegistry();
      try {
        const [config] = image.blobs;
        const path = `/v2/team/app/blobs/${config?.digest}`;
        storage.answer('/elsewhere', send(config?.bytes ?? Buffer.alloc(0)));
        registry.answer(path, (_request, response) => {
          response.writeHead(307, { Location: `http://${storage.host}/elsewhere` }).end();
        });
        registry.guard = (request, response) => {
          if (request.headers.authorization !== undefined) return false;
          response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
          return true;
        };
        const credentialsFor = async () => ({ kind: 'password', username: 'me', password: 'p:w' }) as const;
        expect((await inspect('1', { configOnly: true, credentialsFor })).profile.spec.user?.uid).to.equal(5);
        expect(storage.requests).to.deep.equal([{ line: 'GET /elsewhere', authorization: undefined }]);
        expect(registry.requests.at(-1)?.authorization).to.equal(`Basic ${Buffer.from('me:p:w').toString('base64')}`);
        registry.answer(path, (request, response) => {
          response.writeHead(302, { Location: request.url }).end();
        });
        expect(await failure({ credentialsFor })).to.equal('HOST redirects more than 10 times');
        registry.answer(path, (_request, response) => {
          response.writeHead(302, { Location: 'http://example.com/x' }).end();
        });
        expect(await failure({ credentialsFor })).to.equal(
          'example.com is to be asked without TLS: if you trust the network between, say --insecure-registry example.com',
        );
      } finally {
        await storage.stop();
      }
    });

    it('gets a token, with a refresh token too, for the one repository', async () => {
      await addImage({ User: '5' }, base);
      registry.guard = (request, response) => {
        if (request.url?.startsWith('/token') === true || request.headers.authorization === 'Bearer t0ken')
          return false;
        const realm = `http://${registry.host}/token`;
        const challenge = `Bearer realm="${realm}",service="reg",scope="repository:other:push"`;
        response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
        return true;
      };
      registry.answer('/token', (request, response) => {
        let form = '';
        request.on('data', (chunk: Buffer) => {
          form += chunk.toString();
        });
        request.on('end', () => {
          forms.push(form);
          response.end(JSON.stringify(request.method === 'POST' ? { access_token: 't0ken' } : { token: 't0ken' }));
        });
      });
      const forms: string[] = [];
      await inspect('1', { configOnly: true });
      const asked = registry.requests.find(({ line }) => line.includes('/token'));
      expect(asked).to.deep.equal({
        line: 'GET /token?service=reg&scope=repository%3Ateam%2Fapp%3Apull',
        authorization: undefined,
      });
      await inspect('1', { configOnly: true, credentialsFor: async () => ({ kind: 'identity', token: 'refresh' }) });
      expect(forms.at(-1)).to.equal(
        'grant_type=refresh_token&client_id=kube-harden&scope=repository%3Ateam%2Fapp%3Apull&service=reg&refresh_token=refresh',
      );
    });

    it("gives credentials to no stranger's token server unless it is told to", async () => {
      await addImage({ User: '5' }, base);
      const stranger = await startRegistry();
      // Another name for the same machine is another host.
      const host = stranger.host.replace('127.0.0.1', 'localhost');
      try {
        stranger.answer('/token', (_request, response) => {
          response.end('{"token":"t"}');
        });
        registry.guard = (request, response) => {
          if (request.headers.authorization === 'Bearer t') return false;
          response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${host}/token"` }).end();
          return true;
        };
        const credentialsFor = async () => ({ kind: 'password', username: 'me', password: 'x' }) as const;
        expect(await failure({ credentialsFor })).to.equal(
          `HOST wants your credentials sent to ${host}: if that is right, say --token-host ${host}`,
        );
        expect(stranger.requests).to.deep.equal([]);
        await inspect('1', { configOnly: true, credentialsFor, tokenHosts: [host] });
        expect(stranger.requests[0]?.authorization).to.equal(`Basic ${Buffer.from('me:x').toString('base64')}`);
      } finally {
        await stranger.stop();
      }
    });

    it('tells what is not there, not given, or broken', async () => {
      await addImage({}, base);
      expect(await failure({}, '9')).to.equal('HOST has no such image, or none with the tag "9": check the name');
      registry.guard = (_request, response) => {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
        return true;
      };
      expect(await failure()).to.equal(
        'HOST refuses it, or has no such image: sign in with docker login HOST, or give --registry-config FILE',
      );
      const credentialsFor = async () => ({ kind: 'password', username: 'me', password: 'x' }) as const;
      expect(await failure({ credentialsFor })).to.equal(
        'HOST refuses it, or has no such image: your credentials do not suffice; sign in anew with docker login HOST, or give --registry-config FILE',
      );
      registry.guard = (_request, response) => {
        response.writeHead(500).end();
        return true;
      };
      expect(await failure()).to.equal('HOST answers 500 when asked for the manifest');
    });

    it('waits as long as it is asked to, and not for ever', async () => {
      await addImage({ User: '5' }, base);
      let refusals = 2;
      registry.guard = (_request, response) => {
        refusals -= 1;
        if (refusals < 0) return false;
        response.writeHead(429, { 'Retry-After': '0' }).end();
        return true;
      };
      await inspect('1', { configOnly: true });
      refusals = 100;
      expect(await failure()).to.equal(
        'HOST has had too many requests (429): try again later, or sign in with docker login',
      );
      expect(refusals).to.equal(96);
      registry.guard = (_request, response) => {
        response.writeHead(429, { 'Retry-After': '86400' }).end();
        return true;
      };
      expect(await failure()).to.equal(
        'HOST has had too many requests (429): try again in 86400 s, or sign in with docker login',
      );
    });

    it('waits for no server that is slow', async () => {
      await addImage({ User: '5' }, base);
      registry.guard = () => true;
      expect(await failure({ limits: { ...defaultLimits, idleSeconds: 0.2 } })).to.equal(
        'HOST has sent nothing for 0.2 s: try again, or ask a mirror with --mirror',
      );
      registry.guard = (_request, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
        return true;
      };
      expect(await failure({ limits: { ...defaultLimits, seconds: 0.5 } })).to.equal(
        'HOST has not sent all in time: allow more with --timeout',
      );
    });

    it('asks no address that it may not', async () => {
      await addImage({}, base);
      const allowAddress = (address: string): boolean => address !== '127.0.0.1' && address !== '::1';
      expect(await failure({ allowAddress })).to.equal('127.0.0.1 is an address that may not be asked');
      const named = await inspectImage(`localhost:${registry.host.split(':')[1]}/team/app:1`, {
        ...options,
        allowAddress,
      }).catch((error: Error) => error.message);
      expect(named).to.equal('localhost is an address that may not be asked');
      expect(registry.requests).to.deep.equal([]);
    });

    it('asks mirrors first, and its own registry where they fail', async () => {
      await addImage({ User: '5' }, base);
      const mirror = await startRegistry();
      const mirrors = new Map([[registry.host, [`${mirror.host}/hub`]]]);
      await inspect('1', { configOnly: true, mirrors });
      expect(mirror.requests.map(({ line }) => line)).to.deep.equal(['GET /v2/hub/team/app/manifests/1']);
      mirror.add('hub/team/app', '1', makeImage({ User: '6' }, []));
      expect((await inspect('1', { configOnly: true, mirrors })).profile.spec.user?.uid).to.equal(6);
      await mirror.stop();
      expect((await inspect('1', { configOnly: true, mirrors })).profile.spec.user?.uid).to.equal(5);
    });
  });
});

/** Puts another size into a header. */
function resize(header: Buffer, size: number): Buffer {
  const block = Buffer.from(header);
  block.write(`${size.toString(8).padStart(11, '0')} `, 124, 'latin1');
  return withSum(block);
}

function rename(header: Buffer, index: number): Buffer {
  const block = Buffer.from(header);
  block.write(String(index).padStart(6, '0'), 5, 'latin1');
  return withSum(block);
}

function withSum(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
