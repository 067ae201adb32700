import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import type { ConnectedClient } from '../../src/cluster/kubeClient.ts';
import { makeKubeClient } from '../../src/cluster/kubeClient.ts';

/** What kube-apiserver answers to a token that it does not know. */
const unauthorized = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'Unauthorized',
  reason: 'Unauthorized',
  code: 401,
};

describe('the client of the API server', () => {
  const ending = new AbortController();
  let folder: string;
  let server: Server;
  let client: ConnectedClient;
  let date = '';
  let writeToken: (token: string) => Promise<void>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kube-harden-client-'));
    const { cert, key, ca } = await makeThrowawayCertificate();
    server = createServer({ cert, key }, ({ headers: { authorization } }, response) => {
      const isKnown = authorization === 'Bearer known';
      response.sendDate = false;
      response.writeHead(isKnown ? 200 : 401, date === '' ? {} : { Date: date });
      response.end(JSON.stringify(isKnown ? { kind: 'Secret' } : unauthorized));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const kubeconfig = join(folder, 'kubeconfig');
    writeToken = (token) =>
      writeFile(
        kubeconfig,
        JSON.stringify({
          clusters: [
            {
              name: 'c',
              cluster: {
                server: `https://127.0.0.1:${port}`,
                'certificate-authority-data': Buffer.from(ca).toString('base64'),
              },
            },
          ],
          users: [{ name: 'u', user: { token } }],
          contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
          'current-context': 'x',
        }),
      );
    await writeToken('outdated');
    client = await makeKubeClient(kubeconfig, ending.signal);
  });
  after(async () => {
    ending.abort();
    server.close();
    await rm(folder, { recursive: true });
  });

  const failureOf = (path: string): Promise<unknown> =>
    client.get(path).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('reads its token anew where the API server does not know it, since a clock may have kept it from that', async () => {
    expect(await failureOf('/a')).to.include({ status: 401, message: 'Unauthorized' });
    await writeToken('known');
    expect(await failureOf('/a'), 'read right after the refusal').to.include({ status: 401 });
    expect(await client.get('/a')).to.deep.equal({ kind: 'Secret' });
  });

  it("tells the API server's clock as soon as it has sent one, and goes on with it", async () => {
    expect(client.serverTime()).to.equal(undefined);
    date = 'Fri, 01 Jan 2027 00:00:00 GMT';
    await client.get('/a');
    const first = client.serverTime() ?? 0;
    expect(first - Date.UTC(2027, 0, 1)).to.be.within(0, 5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((client.serverTime() ?? 0) - first).to.be.within(10, 5000);
    date = 'yesterday';
    await client.get('/a');
    expect((client.serverTime() ?? 0) - first).to.be.within(10, 5000);
  });
});
