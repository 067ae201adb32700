import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { makePolicyKeeper } from '../../src/cluster/keepPolicies.ts';
import type { AnswerOptions, KubeClient } from '../../src/cluster/kubeClient.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import { policiesPath } from '../../src/cluster/policyResource.ts';
import { AnswerTooLong } from '../../src/cluster/readAnswer.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Policy } from '../../src/core/policy/policy.ts';
import { makeLogger } from '../../src/server/logger.ts';
import { someChoices } from './webhooks.ts';

/** What kube-apiserver 1.37 has answered. */
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded/policies.json'), 'utf8')) as {
  readonly object: JsonObject;
  readonly conflict: { readonly code: number; readonly message: string };
  readonly missing: { readonly code: number; readonly message: string };
};

const good: JsonObject = { lowPorts: true };
const bad: JsonObject = { writablePaths: [{ images: ['nginx'], paths: ['/proc'] }] };
const problem = 'spec.writablePaths.0.paths.0: "/proc" belongs to the kernel';
const builtIn = new Map([['minimal', { name: 'minimal' } as Policy]]);

interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
  readonly spec: Json;
  readonly status?: Json;
}

/** The policies of an API server, which are counted as they are read, and one or more replicas that keep to them. */
function makeCluster() {
  const stored = new Map<string, Stored>();
  const events: JsonObject[] = [];
  const asked: string[] = [];
  let [versions, uids, clock] = [0, 0, 0];
  let orphans: readonly string[] = [];
  const intercepted = new Map<string, () => void>();
  const answerFor = (request: string): void => {
    asked.push(request.replace(policiesPath, ''));
    intercepted.get(request.replace(policiesPath, ''))?.();
  };
  const find = (name: string): Stored => {
    const found = stored.get(name);
    if (found === undefined) throw new KubeApiError(recorded.missing.code, recorded.missing.message);
    return found;
  };
  const client = {
    get: async (path: string, options?: AnswerOptions) => {
      answerFor(`GET ${path}`);
      if (path.startsWith('/api/v1/namespaces'))
        return { items: orphans.map((name) => ({ metadata: { name, uid: name } })) };
      const object = { ...recorded.object, ...find(path.split('/').at(-1) ?? '') } as JsonObject;
      if (JSON.stringify(object).length > (options?.mostBytes ?? Number.POSITIVE_INFINITY))
        throw new AnswerTooLong('long');
      return JSON.parse(JSON.stringify(object)) as JsonObject;
    },
    replace: async (path: string, body: JsonObject) => {
      answerFor(`PUT ${path}`);
      const [name = ''] = path.split('/').slice(-2);
      const { metadata } = find(name);
      if ((body['metadata'] as JsonObject)['resourceVersion'] !== metadata.resourceVersion)
        throw new KubeApiError(recorded.conflict.code, recorded.conflict.message);
      versions += 1;
      // The status alone: so does a subresource.
      stored.set(name, {
        ...find(name),
        metadata: { ...metadata, resourceVersion: String(versions) },
        status: body['status'] ?? null,
      });
      return body;
    },
    create: async (path: string, body: JsonObject) => {
      answerFor(`POST ${path}`);
      const { name } = body['metadata'] as { name?: string };
      if (name !== undefined && events.some((event) => (event['metadata'] as JsonObject)['name'] === name))
        throw new KubeApiError(409, `events "${name}" already exists`);
      events.push(body);
      return body;
    },
  } as Partial<KubeClient> as KubeClient;

  const apply = (name: string, spec: Json): void => {
    const before = stored.get(name);
    versions += 1;
    if (before === undefined) uids += 1;
    clock += before === undefined ? 1000 : 0;
    const metadata = before?.metadata ?? {
      name,
      uid: `uid-${uids}`,
      generation: 0,
      creationTimestamp: new Date(uids * 1000).toISOString(),
    };
    stored.set(name, {
      ...before,
      metadata: { ...metadata, generation: metadata.generation + 1, resourceVersion: String(versions) },
      spec,
    });
  };

  const makeReplica = (defaultPolicy?: string) => {
    let inForce: ReadonlyMap<string, Policy> | undefined;
    let [refused, uses] = [0, 0];
    const changes: string[] = [];
    const log = new PassThrough();
    let logged = '';
    log.on('data', (chunk: Buffer) => {
      logged += chunk.toString();
    });
    const keeper = makePolicyKeeper({
      client,
      builtIn,
      webhooks: { ...someChoices, excludedNamespaces: ['left-out'], defaultPolicy },
      caBundle: () => someChoices.caBundle,
      use: (policies) => {
        inForce = policies;
        uses += 1;
      },
      countChange: (result) => changes.push(result),
      setRefused: (count) => {
        refused = count;
      },
      logger: makeLogger(log, 'info'),
      elapsed: () => clock,
      now: () => Date.UTC(2026, 10, 24) + clock,
    });
    let isCalled = (_: string): boolean => true;
    let goesOn = (): boolean => true;
    const round = async (isLeader = true): Promise<void> => {
      const identities = [...stored.values()].map(({ metadata }): [string, JsonObject] => [
        metadata.name,
        { metadata },
      ]);
      keeper.see(new Map(identities));
      await keeper.judge();
      if (isLeader) await keeper.tell({ isCalled, goesOn });
    };
    return {
      keeper,
      round,
      setCalled: (answer: typeof isCalled) => {
        isCalled = answer;
      },
      setGoesOn: (answer: typeof goesOn) => {
        goesOn = answer;
      },
      inForce: () => inForce,
      names: () => [...(inForce?.keys() ?? [])],
      refused: () => refused,
      uses: () => uses,
      changes,
      logged: () => logged,
    };
  };

  return {
    apply,
    makeReplica,
    stored,
    events,
    /** What was asked since the last time, but for events. */
    asked: () => asked.splice(0).filter((request) => !request.endsWith('/events')),
    delete: (name: string) => stored.delete(name),
    touch: (name: string) => {
      versions += 1;
      const before = find(name);
      stored.set(name, { ...before, metadata: { ...before.metadata, resourceVersion: String(versions) } });
    },
    wait: (milliseconds: number) => {
      clock += milliseconds;
    },
    setOrphans: (...names: readonly string[]) => {
      orphans = names;
    },
    /** Somebody else writes into the status. */
    editStatus: (name: string, change: JsonObject) => {
      versions += 1;
      const { metadata, status, ...others } = find(name);
      const next = { ...(status as JsonObject), ...change };
      stored.set(name, { ...others, metadata: { ...metadata, resourceVersion: String(versions) }, status: next });
    },
    intercept: (request: string, answer: () => void) => intercepted.set(request, answer),
    readyOf: (name: string) => {
      const { conditions = [] } = (stored.get(name)?.status ?? {}) as { conditions?: readonly JsonObject[] };
      return conditions[0];
    },
  };
}

describe('the policy keeper', () => {
  it('has nothing in force before it has seen what there is, and all at once then', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    await replica.keeper.judge();
    await replica.keeper.tell({ isCalled: () => true, goesOn: () => true });
    expect(replica.inForce()).to.equal(undefined);
    cluster.apply('a', good);
    cluster.apply('b', bad);
    cluster.apply('minimal', good);
    await replica.round();
    expect(replica.names()).to.deep.equal(['minimal', 'a']);
    expect(replica.inForce()?.get('minimal')).to.deep.include({ lowPorts: true });
    expect([replica.uses(), replica.refused()]).to.deep.equal([1, 1]);
    expect(replica.changes.sort()).to.deep.equal(['inForce', 'inForce', 'refused']);
  });

  it('is not ready on half of what there is', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    cluster.apply('a', good);
    cluster.apply('b', good);
    cluster.intercept('GET /b', () => {
      throw new Error('connection refused');
    });
    expect(await replica.round().catch((error: Error) => error.message)).to.equal('connection refused');
    expect(replica.inForce()).to.equal(undefined);
    cluster.intercept('GET /b', () => {});
    await replica.round();
    expect(replica.names()).to.deep.equal(['minimal', 'a', 'b']);
  });

  it('says what it thinks of each, once', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    cluster.apply('a', good);
    cluster.apply('b', bad);
    await replica.round();
    expect(cluster.readyOf('a')).to.include({ status: 'True', reason: 'InForce', message: 'in force' });
    expect(cluster.readyOf('b')).to.include({ status: 'False', message: `${problem}; nothing is in force` });
    expect(cluster.events.map(({ reason, message }) => [reason, message])).to.deep.equal([['PolicyRefused', problem]]);
    cluster.asked();
    await replica.round();
    // It sees what it has written itself, and is content.
    expect(cluster.asked()).to.deep.equal(['GET /a', 'GET /b']);
    await replica.round();
    expect(cluster.asked()).to.deep.equal([]);
    expect(replica.uses()).to.equal(1);
  });

  it('never parses again what has not changed', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    cluster.apply('a', good);
    cluster.apply('b', good);
    await replica.round();
    const before = replica.inForce()?.get('a');
    cluster.touch('a');
    cluster.apply('b', { lowPorts: false });
    await replica.round();
    expect(replica.inForce()?.get('a')).to.equal(before);
    expect(replica.inForce()?.get('b')).to.deep.include({ lowPorts: false });
    expect(replica.changes).to.have.length(3);
  });

  it('judges the newest state alone, however many there were', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    for (let change = 0; change < 1000; change += 1) cluster.apply('a', { lowPorts: change % 2 === 1 });
    await replica.round();
    expect(cluster.asked()).to.deep.equal(['GET /a', 'PUT /a/status']);
    expect(replica.inForce()?.get('a')).to.deep.include({ lowPorts: true });
  });

  it('gives the event loop back between two policies', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    const paths = Array.from({ length: 60 }, (_, index) => `/a${index}`);
    const large = { writablePaths: Array.from({ length: 25 }, () => ({ images: ['**/a?'], paths })) };
    for (let index = 0; index < 20; index += 1) cluster.apply(`a${index}`, large);
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await replica.round(false);
    isOver = true;
    expect(turns).to.be.above(4);
    expect(replica.names()).to.have.length(21);
  });

  it('keeps the last good one of a policy that goes bad, also on a replica that knows it from the status alone', async () => {
    const cluster = makeCluster();
    const [leader, other] = [cluster.makeReplica(), cluster.makeReplica()];
    cluster.apply('a', good);
    await leader.round();
    cluster.apply('a', bad);
    await leader.round();
    await other.round(false);
    for (const replica of [leader, other]) expect(replica.inForce()?.get('a')).to.deep.include({ lowPorts: true });
    expect(cluster.readyOf('a')).to.include({ message: `${problem}; the last good spec is in force` });
  });

  it('does not read one that is far too large, and leaves what is in force', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    cluster.apply('a', good);
    await replica.round();
    cluster.apply('a', { some: 'x'.repeat(600_000) });
    await replica.round();
    const message = 'has more than 524288 bytes with its metadata: make several policies of it';
    expect(cluster.readyOf('a')).to.include({ message: `${message}; the last good spec is in force` });
    expect(replica.names()).to.deep.equal(['minimal', 'a']);
    cluster.asked();
    await replica.round();
    await replica.round();
    expect(cluster.asked()).to.deep.equal(['GET /a']);
    cluster.apply('a', { lowPorts: false });
    await replica.round();
    expect(cluster.readyOf('a')).to.include({ status: 'True' });
  });

  it('is not held up by a status that is overtaken, nor by one that cannot be written', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    for (const name of ['a', 'b', 'c', 'd']) cluster.apply(name, good);
    cluster.intercept('PUT /a/status', () => cluster.apply('a', bad));
    cluster.intercept('PUT /b/status', () => cluster.delete('b'));
    await replica.round();
    expect(cluster.readyOf('d')).to.include({ status: 'True' });
    cluster.intercept('PUT /a/status', () => {});
    await replica.round();
    expect(cluster.readyOf('a')).to.include({ message: `${problem}; the last good spec is in force` });
    cluster.apply('c', bad);
    cluster.apply('d', bad);
    cluster.intercept('PUT /c/status', () => {
      throw new Error('connection refused');
    });
    expect(await replica.round().catch((error: Error) => error.message)).to.equal('connection refused');
    expect(cluster.readyOf('d')).to.include({ status: 'False' });
  });

  it('fills no store with events about one that goes from bad to bad', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    for (let second = 0; second < 60; second += 1) {
      cluster.apply('a', { [`unknown${second}`]: 1 });
      await replica.round();
      cluster.wait(1000);
    }
    expect(cluster.events).to.have.length(6);
    expect(cluster.readyOf('a')).to.include({ message: 'spec.unknown59: is unknown; nothing is in force' });
  });

  it('tells nobody that a policy is in force before the API server calls for it, but what is wrong with one', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    for (const name of ['a', 'b']) cluster.apply(name, good);
    cluster.apply('c', bad);
    replica.setCalled((name) => name === 'a');
    await replica.round();
    expect(['a', 'b', 'c'].map((name) => cluster.readyOf(name)?.['reason'])).to.deep.equal([
      'InForce',
      undefined,
      'Refused',
    ]);
    replica.setCalled(() => true);
    await replica.round();
    expect(cluster.readyOf('b')).to.include({ reason: 'InForce' });
  });

  it('stops telling in the midst of many where that is not its own any more', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    for (let index = 0; index < 40; index += 1) cluster.apply(`p${index}`, good);
    let asked = 0;
    replica.setGoesOn(() => {
      asked += 1;
      return asked <= 10;
    });
    await replica.round();
    expect(cluster.asked().filter((request) => request.startsWith('PUT'))).to.have.length(10);
  });

  it('sets right what others write over, and keeps conditions of their own', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    cluster.apply('a', good);
    await replica.round();
    const own = cluster.readyOf('a') ?? {};
    cluster.editStatus('a', { observedGeneration: 999 });
    await replica.round();
    expect(cluster.stored.get('a')?.status).to.deep.include({ observedGeneration: 1, conditions: [own] });
    cluster.wait(1000);
    const synced = { type: 'Synced', status: 'True', reason: 'GitOps', message: '', lastTransitionTime: 'x' };
    cluster.editStatus('a', { conditions: [synced, { ...own, message: 'a lie' }] });
    await replica.round();
    expect(cluster.stored.get('a')?.status).to.deep.include({ conditions: [own, synced] });
    cluster.asked();
    for (let round = 0; round < 3; round += 1) await replica.round();
    expect(cluster.asked()).to.deep.equal(['GET /a']);
  });

  it('writes less and less where somebody insists on a status, and says so once in the log', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica();
    cluster.apply('a', good);
    await replica.round();
    cluster.asked();
    for (let second = 0; second < 600; second += 1) {
      cluster.editStatus('a', { conditions: [] });
      await replica.round();
      cluster.wait(1000);
    }
    expect(cluster.asked().filter((request) => request === 'PUT /a/status')).to.have.length(12);
    expect(replica.logged().split('somebody insists on another status')).to.have.length(2);
    cluster.apply('a', bad);
    await replica.round();
    expect(cluster.readyOf('a')).to.include({ reason: 'Refused' });
  });

  it('says of those beyond what fits that they are not in force, and reads them for no other reason', async () => {
    const cluster = makeCluster();
    const replica = cluster.makeReplica('minimal');
    const names = Array.from({ length: 200 }, (_, index) => `p${String(index).padStart(3, '0')}`);
    for (const name of names) cluster.apply(name, good);
    await replica.round(false);
    const [, ...placed] = replica.names();
    expect(placed).to.deep.equal(names.slice(0, placed.length));
    expect(cluster.asked()).to.have.length(placed.length);
    expect(replica.refused()).to.equal(200 - placed.length);
    await replica.round();
    expect(names.map((name) => cluster.readyOf(name)?.['reason'])).to.deep.equal(
      names.map((_, index) => (index < placed.length ? 'InForce' : 'NoRoom')),
    );
    expect(cluster.readyOf('p199')).to.include({
      status: 'False',
      message:
        'not in force: the webhook configuration has no room for more policies, and older ones go first; namespaces that ask for it get minimal instead: delete policies that nobody asks for',
    });
    expect(cluster.events.filter(({ reason }) => reason === 'PolicyHasNoRoom')).to.have.length(200 - placed.length);
    // One that is too large to be read is told once as well.
    cluster.apply('p199', { some: 'x'.repeat(600_000) });
    for (let round = 0; round < 4; round += 1) await replica.round();
    expect(cluster.readyOf('p199')).to.include({ reason: 'NoRoom' });
    cluster.asked();
    await replica.round();
    expect(cluster.asked()).to.deep.equal([]);

    cluster.delete('p000');
    await replica.round();
    expect(replica.names()).to.include(names[placed.length]).and.to.not.include('p000');
    expect(cluster.readyOf(String(names[placed.length]))).to.include({ reason: 'InForce' });
    expect(cluster.readyOf(String(names[placed.length + 1]))).to.include({ reason: 'NoRoom' });
  });

  describe('of policies that are deleted', () => {
    const missing = (cluster: ReturnType<typeof makeCluster>): readonly Json[] =>
      cluster.events.filter(({ reason }) => reason === 'PolicyMissing').map(({ message = null }) => message);

    it('takes them out of force, and says where they are still asked for', async () => {
      const cluster = makeCluster();
      const replica = cluster.makeReplica();
      cluster.apply('a', good);
      await replica.round();
      cluster.setOrphans('shop');
      cluster.delete('a');
      await replica.round();
      await replica.round();
      expect(replica.names()).to.deep.equal(['minimal']);
      expect(missing(cluster)).to.deep.equal([
        'HardeningPolicy a was deleted, but this namespace asks for it: its pods are refused',
      ]);
    });

    it('says nothing to namespaces that it never touches', async () => {
      const cluster = makeCluster();
      const replica = cluster.makeReplica();
      cluster.apply('a', good);
      await replica.round();
      cluster.setOrphans('kube-system', 'left-out', someChoices.namespace, 'shop');
      cluster.delete('a');
      await replica.round();
      expect(cluster.events.map(({ metadata }) => (metadata as JsonObject)['namespace'])).to.include.members(['shop']);
      expect(missing(cluster)).to.have.length(1);
    });

    it('says nothing as a new leader of what was deleted long ago', async () => {
      const cluster = makeCluster();
      const [leader, next] = [cluster.makeReplica(), cluster.makeReplica()];
      cluster.apply('a', good);
      for (const replica of [leader, next]) await replica.round(replica === leader);
      cluster.delete('a');
      await leader.round();
      await next.round(false);
      cluster.setOrphans('shop');
      cluster.wait(61_000);
      await next.round();
      expect(missing(cluster)).to.deep.equal([]);
    });

    it('says as a new leader what the old one could not say any more', async () => {
      const cluster = makeCluster();
      const next = cluster.makeReplica();
      cluster.apply('a', good);
      await next.round(false);
      cluster.setOrphans('shop');
      cluster.delete('a');
      await next.round(false);
      cluster.wait(20_000);
      await next.round();
      expect(missing(cluster)).to.have.length(1);
    });

    it('says nothing twice, though two replicas have seen it', async () => {
      const cluster = makeCluster();
      const [leader, next] = [cluster.makeReplica(), cluster.makeReplica()];
      cluster.apply('a', good);
      for (const replica of [leader, next]) await replica.round(replica === leader);
      cluster.setOrphans('shop');
      cluster.delete('a');
      await next.round(false);
      await leader.round();
      await next.round();
      expect(missing(cluster)).to.have.length(1);
      expect(next.logged()).to.not.include('event not written');
    });

    it('says nothing of one that is there again, nor of one that it never saw', async () => {
      const cluster = makeCluster();
      const replica = cluster.makeReplica();
      cluster.apply('a', good);
      await replica.round(false);
      cluster.setOrphans('shop');
      cluster.delete('a');
      await replica.round(false);
      cluster.apply('a', good);
      await replica.round();
      await cluster.makeReplica().round();
      expect(missing(cluster)).to.deep.equal([]);
    });
  });
});
