import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createLogger, transports } from 'winston';
import type { ClaimsKeyKeeper } from '../../src/cluster/keepClaimsKey.ts';
import { makeClaimsKeyKeeper } from '../../src/cluster/keepClaimsKey.ts';
import type { KubeClient } from '../../src/cluster/kubeClient.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import type { JsonObject } from '../../src/core/json/json.ts';

const name = 'kube-harden-claims';
const silent = createLogger({ transports: [new transports.Console({ silent: true })] });

/** An API server that has one Secret, or none. */
function makeApi() {
  let stored: JsonObject | undefined;
  let version = 0;
  const put = (object: JsonObject): JsonObject => {
    version += 1;
    stored = { ...object, metadata: { ...(object['metadata'] as JsonObject), resourceVersion: String(version) } };
    return stored;
  };
  const client = {
    create: async (path: string, body: JsonObject) => {
      expect(path).to.equal('/api/v1/namespaces/kube-harden/secrets');
      if (stored !== undefined) throw new KubeApiError(409, `secrets "${name}" already exists`);
      return put(body);
    },
    merge: async (path: string, body: JsonObject) => {
      expect(path).to.equal(`/api/v1/namespaces/kube-harden/secrets/${name}`);
      const { resourceVersion } = body['metadata'] as JsonObject;
      if (resourceVersion !== String(version)) throw new KubeApiError(409, 'the object has been modified');
      return put({ ...stored, ...body, metadata: { name } });
    },
  } as Partial<KubeClient> as KubeClient;
  return {
    client,
    put: (data: JsonObject) => put({ metadata: { name }, data }),
    delete: () => {
      stored = undefined;
    },
    secrets: (): ReadonlyMap<string, JsonObject> => new Map(stored === undefined ? [] : [[name, stored]]),
  };
}

function makeReplica(client: KubeClient): { keeper: ClaimsKeyKeeper; keys: (string | undefined)[] } {
  const keys: (string | undefined)[] = [];
  const useKey = (bytes: Uint8Array | undefined): void => {
    keys.push(bytes && Buffer.from(bytes).toString('base64'));
  };
  const keeper = makeClaimsKeyKeeper({ client, namespace: 'kube-harden', secret: name, useKey, logger: silent });
  return { keeper, keys };
}

describe('the keeper of the claims key', () => {
  it('makes none before it has looked', async () => {
    const api = makeApi();
    await makeReplica(api.client).keeper.keep();
    expect(api.secrets().size).to.equal(0);
  });

  it('makes one key where replicas start at once, and all of them use it', async () => {
    const api = makeApi();
    const replicas = [makeReplica(api.client), makeReplica(api.client), makeReplica(api.client)];
    for (const { keeper } of replicas) keeper.see(api.secrets());
    await Promise.all(replicas.map(({ keeper }) => keeper.keep()));
    for (const { keeper } of replicas) keeper.see(api.secrets());
    const used = new Set(replicas.map(({ keys }) => keys.join()));
    expect(used.size).to.equal(1);
    expect(Buffer.from([...used][0] ?? '', 'base64')).to.have.length(32);
  });

  it('takes the key that is there, and keeps to it', async () => {
    const api = makeApi();
    const key = randomBytes(32).toString('base64');
    api.put({ key });
    const { keeper, keys } = makeReplica(api.client);
    keeper.see(api.secrets());
    await keeper.keep();
    keeper.see(api.secrets());
    expect(keys).to.deep.equal([key]);
  });

  it('makes another one where it was garbled or deleted, and signs by none until then', async () => {
    const api = makeApi();
    const key = randomBytes(32).toString('base64');
    api.put({ key });
    const { keeper, keys } = makeReplica(api.client);
    keeper.see(api.secrets());
    for (const spoil of [() => api.put({ key: 'c2hvcnQ=' }), () => api.put({}), () => api.delete()]) {
      spoil();
      keeper.see(api.secrets());
      expect(keys.at(-1)).to.equal(undefined);
      await keeper.keep();
      expect(Buffer.from(keys.at(-1) ?? '', 'base64')).to.have.length(32);
    }
    expect(new Set(keys).size).to.equal(5);
  });
});
