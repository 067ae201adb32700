import { join } from 'node:path';
import { expect } from 'chai';
import { shop } from '../manifestFolder.ts';
import { run } from './run.ts';

describe('explain', () => {
  it('tells where each value comes from, and the Pod Security level before and after', async () => {
    const stdin = `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec:
  securityContext: { runAsUser: 1000, allowPrivilegeEscalation: false }
  containers:
    - { name: web, image: nginx, securityContext: { runAsNonRoot: true } }
`;
    const { stdout } = await run(['explain', '-f', '-', '-p', 'restricted'], { stdin });
    expect(stdout).to.equal(`Pod shop/web  (standard input, document 1)
  Pod Security latest: baseline now, restricted under policy restricted
  note: spec.securityContext.allowPrivilegeEscalation does nothing there: it belongs in a container's securityContext
  container web (nginx)
    FIELD                     NOW                         HARDENED                    FROM
    runAsNonRoot              true                        true                        container
    runAsUser                 1000                        1000                        pod
    runAsGroup                unset (image's)             unset (image's)
    privileged                unset (false)               unset (false)
    allowPrivilegeEscalation  unset (true)                false                       container, kube-harden
    capabilities              unset (runtime's)           {drop: [ALL]}               container, kube-harden
    seccompProfile            unset (kubelet's)           {type: RuntimeDefault}      pod, kube-harden
    readOnlyRootFilesystem    unset (false)               unset (false)
    writable paths            all (the root is writable)  all (the root is writable)
`);
  });

  it('tells what the pod alone decides, where somebody does', async () => {
    const stdin = `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  securityContext: { fsGroup: 2000 }
  containers:
    - { name: web, image: example/web, ports: [{ containerPort: 80 }] }
`;
    const { stdout } = await run(['explain', '-f', '-'], { stdin });
    expect(stdout).to.include(`
  pod
    FIELD    NOW    HARDENED                                                 FROM
    fsGroup  2000   2000                                                     pod
    sysctls  unset  [{name: net.ipv4.ip_unprivileged_port_start, value: 0}]  pod, kube-harden
  container web (example/web)
`);
  });

  it("tells what is kube-harden's in a pod from a cluster, as its annotations say", async () => {
    const stdin = `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    kube-harden.io/policy: restricted
    kube-harden.io/added: '["spec.securityContext.runAsNonRoot","spec.containers[web].securityContext.capabilities.drop"]'
spec:
  securityContext: { runAsNonRoot: true }
  containers:
    - { name: web, image: nginx, securityContext: { capabilities: { drop: [ALL] }, readOnlyRootFilesystem: true } }
`;
    const { stdout } = await run(['explain', '-f', '-', '-p', 'restricted'], { stdin });
    expect(stdout).to.match(/^ {2}hardened before, under policy restricted$/m);
    expect(stdout).to.match(/^ {4}runAsNonRoot +true +true +pod, kube-harden$/m);
    expect(stdout).to.match(/^ {4}capabilities +{drop: \[ALL\]} +{drop: \[ALL\]} +container, kube-harden$/m);
    expect(stdout).to.match(/^ {4}readOnlyRootFilesystem +true +true +container$/m);
  });

  it('does not take a preview written to a file for its own work', async () => {
    const file = join(shop, 'garden-centre.yaml');
    const { stdout: hardened } = await run(['preview', '-f', file, '-p', 'restricted', '-o', 'yaml']);
    const { stdout } = await run(['explain', '-f', '-', '-p', 'restricted'], { stdin: hardened });
    expect(hardened).to.not.include('kube-harden.io/');
    expect(stdout).to.not.include('kube-harden');
  });

  it('says what still stands against restricted', async () => {
    const { stdout } = await run(['explain', '-f', join(shop, 'node-metrics.yaml')]);
    expect(stdout).to.include('Pod Security latest: privileged now, privileged under policy hardened\n');
    expect(stdout).to.include('  still against restricted: host namespaces (hostNetwork=true, hostPID=true)\n');
  });

  it('prints the contract of -o json', async () => {
    const { stdout } = await run([
      'explain',
      '-f',
      join(shop, 'garden-centre.yaml'),
      '-o',
      'json',
      '--pss-version',
      '1.33',
    ]);
    const { items } = JSON.parse(stdout) as { items: { [key: string]: unknown }[] };
    expect(items).to.have.length(3);
    expect(items[2]).to.deep.include({ document: 6, kind: 'Deployment', namespace: null, name: 'counter' });
    expect(items[2]?.['pss']).to.deep.include({ version: '1.33', after: { level: 'restricted', violations: [] } });
    expect(items[2]?.['pss']).to.have.nested.property('before.level', 'baseline');
    expect(items[2]?.['pss']).to.have.nested.property('before.violations[0].check', 'allowPrivilegeEscalation');
    expect(items[2]?.['containers'])
      .to.have.nested.property('[0].fields[0]')
      .that.deep.equals({
        field: 'runAsNonRoot',
        before: { value: null, from: 'unset' },
        after: { value: true, from: 'pod' },
        isOwnWork: true,
      });
  });

  it('refuses a version that is none', async () => {
    const error: unknown = await run(['explain', '-f', '-', '--pss-version', 'new']).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.match(/^--pss-version: [^\n]+$/);
  });
});
