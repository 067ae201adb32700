import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Json } from '../../src/core/json/json.ts';
import { findConfigFiles, makeCredentialFinder, readConfigFiles } from '../../src/registry/configFiles.ts';
import { askCredentialHelper } from '../../src/registry/credentialHelper.ts';
import { findCredentials, readRegistryConfig } from '../../src/registry/credentials.ts';

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });

/** What is found, as `name:password` or the kind and what comes with it. */
function found(config: Json, registry: string, repository: string): readonly string[] {
  return findCredentials(config, registry, repository).map((source) => {
    if (source.kind === 'password') return `${source.username}:${source.password}`;
    return source.kind === 'helper' ? `${source.name} for ${source.server}` : `${source.kind} ${source.token}`;
  });
}

describe('findCredentials', () => {
  it('takes the longest path, and then shorter ones', () => {
    const config = {
      auths: {
        'r.example': auth('host:h'),
        'https://r.example/team/app/': auth('app:a:b'),
        'r.example/team': auth('team:t'),
        'r.example/te': auth('other:o'),
      },
    };
    expect(found(config, 'r.example', 'team/app')).to.deep.equal(['app:a:b', 'team:t', 'host:h']);
    expect(found(config, 'r.example', 'team/other')).to.deep.equal(['team:t', 'host:h']);
    expect(found(config, 'r.example.org', 'team/app')).to.deep.equal([]);
  });

  it('knows Docker Hub by all its names', () => {
    for (const key of ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'])
      expect(found({ auths: { [key]: auth('me:x') } }, 'docker.io', 'library/nginx'), key).to.deep.equal(['me:x']);
  });

  it('takes a star for one part of a host', () => {
    const config = { auths: { '*.ecr.example': auth('me:x') } };
    expect(found(config, 'a.ecr.example', 'app')).to.deep.equal(['me:x']);
    expect(found(config, 'a.b.ecr.example', 'app')).to.deep.equal([]);
  });

  it('takes helpers, tokens, and names without a hash', () => {
    const config = {
      credHelpers: { 'r.example': 'one' },
      credsStore: 'all',
      auths: {
        'r.example': { identitytoken: 'id' },
        'r.example/a': { registrytoken: 'reg' },
        's.example': { username: 'u', password: 'p' },
        't.example': {},
      },
    };
    expect(found(config, 'r.example', 'a')).to.deep.equal([
      'one for r.example',
      'registry reg',
      'identity id',
      'all for r.example',
    ]);
    expect(found(config, 's.example', 'a')).to.deep.equal(['u:p', 'all for s.example']);
    expect(found(config, 'docker.io', 'library/a')).to.deep.equal(['all for https://index.docker.io/v1/']);
    for (const nothing of [
      null,
      [],
      1,
      {},
      { auths: null },
      { auths: { 'r.example': 1 } },
      { auths: { 'r.example': { auth: 'x' } } },
    ])
      expect(found(nothing, 'r.example', 'a')).to.deep.equal([]);
  });

  it('reads a Secret for imagePullSecrets', () => {
    const config = { auths: { 'r.example': auth('me:x') } };
    const encoded = Buffer.from(JSON.stringify(config)).toString('base64');
    const old = Buffer.from(JSON.stringify(config.auths)).toString('base64');
    expect(readRegistryConfig({ kind: 'Secret', data: { '.dockerconfigjson': encoded } })).to.deep.equal(config);
    expect(readRegistryConfig({ kind: 'Secret', data: { '.dockercfg': old } })).to.deep.equal(config);
    expect(
      readRegistryConfig({ kind: 'Secret', stringData: { '.dockerconfigjson': JSON.stringify(config) } }),
    ).to.deep.equal(config);
    expect(readRegistryConfig({ kind: 'Secret', data: { '.dockerconfigjson': 'eA==' } })).to.equal(undefined);
    expect(readRegistryConfig({ kind: 'Secret' })).to.equal(undefined);
    expect(readRegistryConfig(config)).to.equal(config);
  });
});

describe('credential helpers', () => {
  let directory = '';
  const path = process.env['PATH'];
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'kube-harden-helper-'));
    const write = (name: string, body: string): void => {
      writeFileSync(join(directory, `docker-credential-${name}`), `#!/bin/sh\nread server\n${body}\n`, { mode: 0o755 });
    };
    write(
      'good',
      `echo "$server" >> ${directory}/asked; echo "{\\"Username\\":\\"me\\",\\"Secret\\":\\"for $server\\"}"`,
    );
    write('token', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    write('none', 'echo "credentials not found in native keychain"; exit 1');
    write('bad', 'echo "it is locked"; exit 1');
    write('garbage', 'echo hello');
    process.env['PATH'] = `${directory}:${path}`;
  });
  after(() => {
    process.env['PATH'] = path;
    rmSync(directory, { recursive: true });
  });

  it('are asked once for a server, and the next place where they have nothing', async () => {
    const find = makeCredentialFinder([
      { credHelpers: { 'r.example': 'none' } },
      { credHelpers: { 'r.example': 'good' } },
    ]);
    const expected = { kind: 'password', username: 'me', password: 'for r.example' };
    expect(await find('r.example', 'a')).to.deep.equal(expected);
    expect(await find('r.example', 'b')).to.deep.equal(expected);
    expect(await find('s.example', 'b')).to.equal(undefined);
    const [asked] = await readConfigFiles([join(directory, 'asked')]).catch((error: Error) => [error.message]);
    expect(asked).to.equal(
      `${join(directory, 'asked')}: is no JSON: mend it, or give another one with --registry-config FILE`,
    );
  });

  it('give refresh tokens, and say why they give nothing', async () => {
    expect(await askCredentialHelper('token', 'x')).to.deep.equal({ kind: 'identity', token: 'refresh' });
    const failure = async (name: string): Promise<unknown> =>
      askCredentialHelper(name, 'x').catch((error: Error) => error.message);
    expect(await failure('bad')).to.equal('docker-credential-bad has no credentials for x: it is locked');
    expect(await failure('garbage')).to.equal('docker-credential-garbage answers with what is no JSON');
    expect(await failure('missing')).to.equal(
      'the credential helper docker-credential-missing is not there: install it, or sign in without it',
    );
    expect(await failure('../x')).to.equal(`no credential helper is called "../x": check docker's config.json`);
  });
});

describe('findConfigFiles', () => {
  it("finds podman's and docker's", () => {
    expect(
      findConfigFiles({ DOCKER_CONFIG: '/d', REGISTRY_AUTH_FILE: '/auth.json', XDG_RUNTIME_DIR: '/run/user/1' }),
    ).to.deep.equal(['/auth.json', '/d/config.json', '/run/user/1/containers/auth.json']);
    expect(findConfigFiles({})[0]).to.match(/\/\.docker\/config\.json$/);
  });
});
