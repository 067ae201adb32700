import { expect } from 'chai';
import type { JsonObject } from '../../../src/core/json/json.ts';
import { replicas } from './installation.ts';
import { confined, processStatus } from './processStatus.ts';
import { imageNames } from './recipes.ts';
import { report } from './report.ts';
import { cluster } from './runningCluster.ts';

describe('the install on a node', () => {
  it('has two replicas behind its Service, in a namespace that admits the restricted standard alone', async () => {
    const { api } = cluster();
    const { metadata } = (await api.get('/api/v1/namespaces/kube-harden')) as { metadata: JsonObject };
    expect(metadata['labels']).to.include({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const path = '/apis/discovery.k8s.io/v1/namespaces/kube-harden/endpointslices';
    const { items } = (await api.get(path)) as { items: readonly { endpoints: readonly JsonObject[] }[] };
    const endpoints = items.flatMap((item) => item.endpoints);
    // One that is on its way out may still be there.
    expect(endpoints.filter(({ conditions }) => (conditions as JsonObject)['ready'])).to.have.length(2);
  });

  it('runs as nobody, confined', async () => {
    for (const name of await replicas(cluster().api)) {
      const status = processStatus(cluster(), 'kube-harden', name);
      expect(status).to.include({ ...confined, Uid: '65532\t65532\t65532\t65532' });
      report(`${name}: ${status['VmRSS']} resident`);
    }
  });

  it('needs little room', async () => {
    const { status } = (await cluster().api.get('/api/v1/nodes/localhost')) as {
      status: { images: readonly { names: readonly string[]; sizeBytes: number }[] };
    };
    const size = status.images.find(({ names }) => names.includes(imageNames.kubeHarden))?.sizeBytes ?? 0;
    report(`the image, compressed, with its base: ${(size / 1e6).toFixed(1)} MB`);
    expect(size).to.be.within(1e6, 150e6);
  });
});
