import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { baseDocument, repository } from './install.ts';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The stages of the Dockerfile; lines that a backslash continues are one instruction. */
function readStages(): readonly (readonly Instruction[])[] {
  const text = readFileSync(join(repository, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '');
  const stages: Instruction[][] = [];
  for (const line of text.split('\n').filter((candidate) => candidate !== '')) {
    const [name = '', ...words] = line.split(' ');
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, rest: words.join(' ') });
  }
  return stages;
}

function allOf(name: string, stage: readonly Instruction[] | undefined): readonly string[] {
  return (stage ?? []).flatMap((instruction) => (instruction.name === name ? [instruction.rest] : []));
}

describe('the Dockerfile', () => {
  const stages = readStages();
  const image = stages.at(-1);

  it('runs as the numeric user of the Deployment, who is not root', () => {
    const user = z.object({ runAsUser: z.number(), runAsGroup: z.number() });
    const { runAsUser, runAsGroup } = z
      .object({ spec: z.object({ template: z.object({ spec: z.object({ securityContext: user }) }) }) })
      .parse(baseDocument('Deployment')).spec.template.spec.securityContext;
    expect(runAsUser).to.be.greaterThan(0);
    expect(allOf('USER', image)).to.deep.equal([`${runAsUser}:${runAsGroup}`]);
  });

  it('takes its modules from a stage without dev dependencies', () => {
    const modules = allOf('COPY', image).filter((copy) => copy.includes('node_modules'));
    expect(modules).to.deep.equal(['--from=dependencies /build/node_modules ./node_modules']);
    const stage = stages.find((candidate) => allOf('FROM', candidate)[0]?.endsWith(' AS dependencies'));
    const [install, ...others] = allOf('RUN', stage);
    expect(install).to.match(/^npm ci --omit=dev /);
    expect(others).to.deep.equal([]);
  });

  it('keeps the licences of what it ships', () => {
    const stage = stages.find((candidate) => allOf('FROM', candidate)[0]?.endsWith(' AS dependencies'));
    const [, command = ''] = /&& (find node_modules .*) -delete$/.exec(allOf('RUN', stage)[0] ?? '') ?? [];
    const { status, stdout, stderr } = spawnSync('sh', ['-c', `${command} -print`], {
      cwd: repository,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    expect(status, stderr).to.equal(0);
    const deleted = new Set(stdout.split('\n'));
    expect(deleted).to.include('node_modules/zod/README.md');
    const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const shipped = Object.keys(lock.packages).filter((path) => path !== '' && lock.packages[path]?.dev !== true);
    const legal = /^((un)?licen[cs]e|copying|copyright|notice|authors|patents|third.?party)/i;
    for (const path of shipped.filter((each) => existsSync(join(repository, each)))) {
      const files = readdirSync(join(repository, path)).filter((file) => legal.test(file));
      expect(files, path).to.not.deep.equal([]);
      for (const file of files) expect(deleted.has(`${path}/${file}`), `${path}/${file}`).to.equal(false);
    }
  });

  it('needs no install script of what it ships', () => {
    const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean; dev?: boolean }>;
    };
    const scripted = Object.entries(lock.packages).filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev);
    expect(scripted.map(([path]) => path)).to.deep.equal([]);
  });

  it('needs no shell in its last stage, and serves unless told otherwise', () => {
    expect(allOf('RUN', image)).to.deep.equal([]);
    expect(allOf('ENTRYPOINT', image)).to.deep.equal(['["node", "/app/dist/main.js"]']);
    expect(allOf('CMD', image)).to.deep.equal(['["serve"]']);
  });

  it('brings the policies to where the Deployment reads them', () => {
    expect(allOf('WORKDIR', image)[0]).to.equal('/app');
    expect(allOf('COPY', image)).to.include('policies ./policies');
  });

  it('copies only what is there and what .dockerignore lets in', () => {
    const [everything, ...letIn] = readFileSync(join(repository, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(everything).to.equal('*');
    const copied = stages
      .flatMap((stage) => allOf('COPY', stage))
      .filter((copy) => !copy.startsWith('--from='))
      .flatMap((copy) => copy.split(' ').slice(0, -1));
    expect(letIn).to.have.members([...new Set(copied)].map((path) => `!${path}`));
    for (const path of copied) expect(existsSync(join(repository, path)), path).to.equal(true);
  });
});
