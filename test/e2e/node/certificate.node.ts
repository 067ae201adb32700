import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { JsonObject } from '../../../src/core/json/json.ts';
import { eventually } from './eventually.ts';
import { install, untilRolledOut } from './installation.ts';
import { startLoad } from './load.ts';
import { makeHardenedNamespace } from './namespace.ts';
import { cluster } from './runningCluster.ts';

const namespace = 'certificate';

describe('a certificate of our own on a node', () => {
  before(() => makeHardenedNamespace(cluster(), namespace));

  it("takes the place of kube-harden's own", async () => {
    const { api } = cluster();
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/kube-harden';
    const trusted = async (): Promise<unknown> => {
      const { webhooks } = (await api.get(path)) as { webhooks: readonly { clientConfig: JsonObject }[] };
      return webhooks[0]?.clientConfig['caBundle'];
    };
    const own = await trusted();
    await install(cluster(), 'install/opt-in-own-certificate');
    await untilRolledOut(api);
    const secret = (await api.get('/api/v1/namespaces/kube-harden/secrets/kube-harden-tls')) as { data: JsonObject };
    expect(secret.data['ca.crt']).not.to.equal(own);
    await eventually(30, async () => (await trusted()) === secret.data['ca.crt'] || 'another CA is trusted');
    // Until here some admissions fail: replicas with the one certificate and the other are there at a time.
    await sleep(1000);
    const endLoad = startLoad(api, namespace);
    await sleep(2000);
    const { admitted, failures } = await endLoad();
    expect(failures).to.deep.equal([]);
    expect(admitted).to.be.above(10);
  });
});
