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
  let refusal: KubeApiError | undefined;
  const client = {
    get: async (path: string) => {
      expect(path).to.equal(`/api/v1/namespaces/kube-harden/secrets/${name}`);
      if (stored === undefined) throw new KubeApiError(404, `secrets "${name}" not found`);
      return stored;
    },
    create: async (path: string, body: JsonObject) => {
      expect(path).to.equal('/api/v1/namespaces/kube-harden/secrets');
      if (refusal !== undefined) throw refusal;
      if (stored !== undefined) throw new KubeApiError(409, `secrets "${name}" already exists`);
      return put(body);
    },
    merge: async (path: string, body: JsonObject) => {
      expect(path).to.equal(`/api/v1/namespaces/kube-harden/secrets/${name}`);
      if (refusal !== undefined) throw refusal;
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
    refuseWrites: (error: KubeApiError | undefined) => {
      refusal = error;
    },
    secrets: (): ReadonlyMap<string, JsonObject> => new Map(stored === undefined ? [] : [[name, stored]]),
  };
}

function makeReplica(client: KubeClient): { keeper: ClaimsKeyKeeper; keys: string[] } {
  const keys: string[] = [];
  const useKey = (bytes: Uint8Array): void => {
    keys.push(Buffer.from(bytes).toString('base64'));
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

  const spoilers: readonly (readonly [string, (api: ReturnType<typeof makeApi>) => unknown])[] = [
    ['cut short', (api) => api.put({ key: 'c2hvcnQ=' })],
    ['taken out', (api) => api.put({})],
    ['deleted', (api) => api.delete()],
  ];
  for (const [what, spoil] of spoilers) {
    it(`goes on with its key where that was ${what}, and writes it back as soon as it may`, async () => {
      const api = makeApi();
      const key = randomBytes(32).toString('base64');
      api.put({ key });
      const { keeper, keys } = makeReplica(api.client);
      keeper.see(api.secrets());
      spoil(api);
      api.refuseWrites(new KubeApiError(403, 'exceeded quota'));
      keeper.see(api.secrets());
      expect(await keeper.keep().catch(({ message }: Error) => message)).to.equal('exceeded quota');
      expect(keys).to.deep.equal([key]);
      api.refuseWrites(undefined);
      await keeper.keep();
      expect(api.secrets().get(name)?.['data']).to.deep.equal({ key });
      keeper.see(api.secrets());
      expect(keys).to.deep.equal([key]);
    });
  }

  it('takes the key of whoever wrote first, before its watch tells of it', async () => {
    const api = makeApi();
    const [first, second] = [makeReplica(api.client), makeReplica(api.client)];
    api.put({ key: randomBytes(32).toString('base64') });
    first.keeper.see(api.secrets());
    api.delete();
    for (const { keeper } of [first, second]) keeper.see(api.secrets());
    // The second one has just started, and makes a new one.
    await second.keeper.keep();
    await first.keeper.keep();
    expect(first.keys.at(-1)).to.equal(second.keys.at(-1));
    expect(first.keys).to.have.length(2);
  });

  it('is not troubled where the Secret is gone again before it is read', async () => {
    const api = makeApi();
    const { keeper, keys } = makeReplica(api.client);
    keeper.see(api.secrets());
    api.refuseWrites(new KubeApiError(409, 'already exists'));
    await keeper.keep();
    expect(keys).to.deep.equal([]);
  });

  it('changes to another key that somebody writes', async () => {
    const api = makeApi();
    const [key, next] = [32, 32].map((length) => randomBytes(length).toString('base64'));
    const { keeper, keys } = makeReplica(api.client);
    for (const each of [key, next]) {
      api.put({ key: each ?? '' });
      keeper.see(api.secrets());
      await keeper.keep();
    }
    expect(keys).to.deep.equal([key, next]);
  });
});
