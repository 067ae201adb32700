import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { manifests, overlays, readDocuments, readKustomization, repository } from './install.ts';

const certificates = ['cert-manager', 'own-certificate'];
const serviceName = 'kube-harden.kube-harden.svc';

describe('the installs', () => {
  it('are each overlay with each kind of certificate', () => {
    const expected = overlays.flatMap((overlay) => certificates.map((kind) => `${overlay}-${kind}`));
    expect(readdirSync(join(manifests, 'install'))).to.have.members(expected);
    for (const overlay of overlays) {
      for (const kind of certificates) {
        const { resources, components } = readKustomization(`install/${overlay}-${kind}`);
        expect(resources).to.deep.equal([`../../overlays/${overlay}`]);
        expect(components).to.deep.equal([`../../components/${kind}`]);
      }
    }
  });

  it('build on the same base', () => {
    for (const overlay of overlays) {
      expect(readKustomization(`overlays/${overlay}`).resources).to.deep.equal(['../../base']);
    }
  });

  it('put each file of the base to use', () => {
    const files = readdirSync(join(manifests, 'base')).filter((file) => file !== 'kustomization.yaml');
    expect(readKustomization('base').resources).to.have.members(files);
  });

  it('ask cert-manager for a certificate of the name that the API server calls', () => {
    const leaf = z.object({
      kind: z.literal('Certificate'),
      metadata: z.object({ name: z.literal('kube-harden-tls'), namespace: z.literal('kube-harden') }),
      spec: z.object({ secretName: z.literal('kube-harden-tls'), dnsNames: z.tuple([z.literal(serviceName)]) }),
    });
    const certificate = readDocuments('components/cert-manager/certificates.yaml').filter(
      (document) => leaf.safeParse(document).success,
    );
    expect(certificate).to.have.length(1);
    for (const kind of certificates) {
      expect(readKustomization(`components/${kind}`).components).to.deep.equal(['../certificate-files']);
    }
  });

  it('keep keys out of the repository', () => {
    const ignored = readFileSync(join(manifests, 'components/own-certificate/.gitignore'), 'utf8').split('\n');
    expect(ignored).to.include.members(['*.crt', '*.key']);
  });

  it('are what the readme tells', () => {
    const readme = readFileSync(join(manifests, 'README.md'), 'utf8');
    const told = [...readme.matchAll(/manifests\/[a-z-]+\/[a-z-]+(?:\.yaml)?/g)].map(([path]) => path);
    expect(told).to.include.members(readdirSync(join(manifests, 'install')).map((name) => `manifests/install/${name}`));
    for (const path of told) expect(existsSync(join(repository, path)), path).to.equal(true);
    expect(readme).to.include(`subjectAltName=DNS:${serviceName} `);
  });
});
