import { Writable } from 'node:stream';
import { expect } from 'chai';
import type { ConfigurationKeeper } from '../../src/cluster/keepConfiguration.ts';
import { makeConfigurationKeeper } from '../../src/cluster/keepConfiguration.ts';
import type { KubeClient } from '../../src/cluster/kubeClient.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import type { WebhookChoices } from '../../src/cluster/webhookConfiguration.ts';
import { makeWebhooks } from '../../src/cluster/webhookConfiguration.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { makeLogger } from '../../src/server/logger.ts';
import { enforce, someChoices } from './webhooks.ts';

interface Cluster {
  readonly keeper: ConfigurationKeeper;
  readonly webhooks: () => readonly JsonObject[];
  /** Somebody else writes; nothing is written where the list stays the same. */
  readonly edit: (change: (webhooks: readonly JsonObject[]) => readonly JsonObject[]) => void;
  /** A round, and the second behind it. */
  readonly round: (choices?: WebhookChoices) => Promise<void>;
  readonly writes: () => number;
  /** Those that were refused included. */
  readonly tries: () => number;
  /** Lets each write of kube-harden's meet with this from now on. */
  readonly meet: (trouble: () => void) => void;
  readonly events: () => readonly JsonObject[];
  /** What it logged, but for the time. */
  readonly logged: () => readonly JsonObject[];
  /** Somebody else writes an annotation. */
  readonly annotate: () => void;
  readonly delete: () => void;
  readonly apply: () => void;
}

/** An API server that holds one configuration, with a clock of its own. */
function makeCluster(webhooks: readonly JsonObject[] = []): Cluster {
  let object: JsonObject | undefined;
  let version = 0;
  let now = 0;
  let writes = 0;
  let tries = 0;
  let meet = (): void => {};
  const events: JsonObject[] = [];
  const store = (next: Json, manager: string): JsonObject => {
    version += 1;
    const managedFields = [
      { manager: 'kubectl', time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:webhooks': {} } },
      { manager: 'labeller', time: '2027-01-01T00:00:00Z', fieldsV1: { 'f:metadata': {} } },
      { manager, time: '2026-01-02T00:00:00Z', fieldsV1: { 'f:webhooks': {} } },
    ];
    object = {
      metadata: { name: 'kube-harden', uid: 'u', resourceVersion: String(version), managedFields },
      webhooks: next,
    };
    keeper.see(new Map([['kube-harden', object]]));
    return object;
  };
  const unexpected = async (): Promise<never> => {
    throw new Error('not expected');
  };
  const client: KubeClient = {
    get: async (path) => {
      expect(path).to.equal('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/kube-harden');
      if (object === undefined) throw new KubeApiError(404, 'not found');
      return object;
    },
    replace: unexpected,
    watch: unexpected,
    create: async (path, body) => {
      expect(path).to.equal('/api/v1/namespaces/default/events');
      events.push(body);
      return body;
    },
    merge: async (path, { metadata, webhooks: next = null, ...others }) => {
      expect(path).to.equal('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/kube-harden');
      expect(others).to.deep.equal({});
      expect(metadata).to.have.all.keys('resourceVersion');
      tries += 1;
      meet();
      if ((metadata as JsonObject)['resourceVersion'] !== String(version)) throw new KubeApiError(409, 'conflict');
      writes += 1;
      return store(next, 'kube-harden');
    },
  };
  const log: string[] = [];
  const sink = new Writable({
    write(line: Buffer, _encoding, done) {
      log.push(line.toString());
      done();
    },
  });
  const logger = makeLogger(sink, 'info');
  const keeper = makeConfigurationKeeper({ client, logger, elapsed: () => now });
  store(webhooks as Json, 'kubectl');
  const read = (): readonly JsonObject[] => (object?.['webhooks'] ?? []) as readonly JsonObject[];
  return {
    keeper,
    webhooks: read,
    edit: (change) => {
      const next = change(read());
      if (next !== read()) store(next as Json, 'insister');
    },
    round: async (choices = someChoices) => {
      await keeper.keep(choices).finally(() => {
        now += 1000;
      });
    },
    writes: () => writes,
    tries: () => tries,
    meet: (trouble) => {
      meet = trouble;
    },
    events: () => events,
    logged: () =>
      log.map((line) => {
        const { timestamp: _, ...said } = JSON.parse(line) as JsonObject;
        return said;
      }),
    annotate: () => {
      store(object?.['webhooks'] ?? [], 'annotator');
    },
    delete: () => {
      object = undefined;
      keeper.see(new Map());
    },
    apply: () => {
      store([], 'kubectl');
    },
  };
}

const wanted = makeWebhooks(someChoices);
const withTimeout = (timeoutSeconds: number) => (webhooks: readonly JsonObject[]) =>
  webhooks.map((webhook) => ({ ...webhook, timeoutSeconds }));

describe('the keeper of the webhook configuration', () => {
  it('fills in an empty one, once', async () => {
    const { keeper, webhooks, round, writes } = makeCluster();
    expect(keeper.isTrue(someChoices)).to.equal(false);
    for (let count = 0; count < 5; count += 1) await round();
    expect(webhooks()).to.deep.equal(wanted);
    expect(writes()).to.equal(1);
    expect(keeper.isTrue(someChoices)).to.equal(true);
  });

  it("writes nothing in ten minutes beside AKS' admissions enforcer", async () => {
    const { keeper, webhooks, edit, round, writes, events } = makeCluster(wanted);
    for (let count = 0; count < 600; count += 1) {
      edit(enforce);
      await round();
    }
    expect(writes()).to.equal(0);
    expect(webhooks()).to.deep.equal(enforce(wanted));
    expect(keeper.isTrue(someChoices)).to.equal(true);
    expect(events()).to.deep.equal([]);
  });

  it('writes once for each change of its own beside the enforcer, and keeps what that has added', async () => {
    const { webhooks, edit, round, writes, events } = makeCluster(wanted);
    for (let count = 0; count < 60; count += 1) {
      const choices = { ...someChoices, caBundle: `CA ${Math.floor(count / 20)}` };
      edit(enforce);
      await round(choices);
      expect(webhooks()).to.deep.equal(enforce(makeWebhooks(choices)));
    }
    expect(writes()).to.equal(3);
    expect(events()).to.deep.equal([]);
  });

  it('undoes an edit at once, each time that there is one now and then', async () => {
    const { webhooks, edit, round, writes, events } = makeCluster(wanted);
    for (let count = 0; count < 5; count += 1) {
      edit(withTimeout(10));
      await round();
      expect(webhooks()).to.deep.equal(wanted);
      for (let second = 0; second < 601; second += 1) await round();
    }
    expect(writes()).to.equal(5);
    expect(events()).to.deep.equal([]);
  });

  it('writes less and less where somebody insists on a value of its own, and says so in one event', async () => {
    const { keeper, edit, round, writes, events } = makeCluster(wanted);
    await round();
    for (let count = 0; count < 600; count += 1) {
      edit(withTimeout(10));
      await round();
    }
    expect(writes()).to.equal(12);
    const [event, ...others] = events();
    expect(others).to.deep.equal([]);
    expect(event?.['reason']).to.equal('WebhookConfigurationContested');
    expect(event?.['message']).to.equal(
      'changed again and again, by insister: timeoutSeconds of no-such-policy.kube-harden.io, and 5 more; kube-harden changes it back after waits that double, up to five minutes',
    );
    edit(withTimeout(10));
    expect(keeper.isTrue(someChoices)).to.equal(false);
  });

  it('lets nothing else wait where somebody insists on a value', async () => {
    const { webhooks, edit, round } = makeCluster(wanted);
    for (let count = 0; count < 300; count += 1) {
      edit(withTimeout(10));
      await round();
    }
    edit(() => []);
    await round();
    expect(webhooks()).to.deep.equal(wanted);
    edit(withTimeout(10));
    const choices = { ...someChoices, policies: ['another', ...someChoices.policies] };
    await round(choices);
    expect(webhooks()).to.deep.equal(makeWebhooks(choices));
  });

  for (const [what, start] of [
    ['restores', wanted],
    ['fills in', []],
  ] as const) {
    it(`does not race where somebody is quicker each time that it ${what}, and says so in one event`, async () => {
      const { edit, round, writes, tries, meet, events } = makeCluster(start);
      await round({ ...someChoices, policies: start.length === 0 ? ['first'] : someChoices.policies });
      const writesBefore = writes();
      meet(() => edit(withTimeout(10 + (tries() % 2))));
      edit(withTimeout(10));
      for (let count = 0; count < 600; count += 1) await round();
      expect(writes()).to.equal(writesBefore);
      expect(tries() - writesBefore).to.equal(12 * 5);
      expect(events()).to.have.length(1);
    });
  }

  for (const [what, disturb] of [
    ['a new policy', (): WebhookChoices => ({ ...someChoices, policies: ['another', ...someChoices.policies] })],
    [
      'an edit',
      (edit: Cluster['edit']): WebhookChoices => {
        edit(withTimeout(10));
        return someChoices;
      },
    ],
  ] as const) {
    it(`does not let ${what} wait for somebody who writes annotations, nor accuses anybody`, async () => {
      const { keeper, webhooks, edit, round, tries, meet, annotate, events } = makeCluster(wanted);
      await round();
      for (let count = 0; count < 5; count += 1) {
        const choices = { ...disturb(edit), caBundle: `CA ${count}` };
        let left = 4;
        meet(() => {
          if (left > 0) annotate();
          left -= 1;
        });
        await round(choices);
        expect(webhooks()).to.deep.equal(makeWebhooks(choices));
        expect(keeper.isTrue(choices)).to.equal(true);
      }
      expect(tries()).to.equal(25);
      // Somebody who is quicker for a minute holds it up for that long, and no longer.
      const choices = { ...someChoices, caBundle: 'the last' };
      meet(annotate);
      for (let count = 0; count < 60; count += 1) await round(choices);
      meet(() => {});
      await round(choices);
      expect(webhooks()).to.deep.equal(makeWebhooks(choices));
      expect(events()).to.deep.equal([]);
    });
  }

  it('sets right at once what somebody else makes of the webhooks while it writes', async () => {
    const { keeper, webhooks, edit, round, meet, events } = makeCluster(wanted);
    await round();
    const choices = { ...someChoices, policies: ['another', ...someChoices.policies] };
    let isFirst = true;
    meet(() => {
      if (isFirst) edit(enforce);
      isFirst = false;
    });
    await round(choices);
    expect(keeper.isTrue(choices)).to.equal(true);
    edit(enforce);
    expect(webhooks()).to.deep.equal(enforce(makeWebhooks(choices)));
    expect(events()).to.deep.equal([]);
  });

  it('asks less and less where the API server refuses what it writes, and does the rest of each round', async () => {
    const { edit, round, tries, meet, events } = makeCluster(wanted);
    await round();
    meet(() => {
      throw new KubeApiError(403, 'forbidden by a policy');
    });
    edit(withTimeout(10));
    const failed: string[] = [];
    for (let count = 0; count < 600; count += 1) {
      await round().catch(({ message }: Error) => failed.push(message));
    }
    expect(tries()).to.equal(12);
    expect(failed).to.deep.equal(Array.from({ length: tries() }, () => 'forbidden by a policy'));
    expect(events()).to.deep.equal([]);
  });

  it('does not wait for long where the API server was in trouble', async () => {
    const { webhooks, edit, round, tries, meet } = makeCluster(wanted);
    await round();
    for (const status of [429, 500, 503]) {
      meet(() => {
        throw new KubeApiError(status, 'later');
      });
      edit(withTimeout(10));
      const before = tries();
      for (let count = 0; count < 60; count += 1) await round().catch(() => {});
      expect(tries() - before).to.equal(60);
      meet(() => {});
      await round();
      expect(webhooks()).to.deep.equal(wanted);
      for (let count = 0; count < 601; count += 1) await round();
    }
  });

  it('takes policies that come and go for no quarrel', async () => {
    const { round, writes, events } = makeCluster(wanted);
    for (let count = 0; count < 20; count += 1) await round({ ...someChoices, policies: [`policy-${count % 4}`] });
    expect(writes()).to.equal(20);
    expect(events()).to.deep.equal([]);
  });

  it('trusts a bundle only where the API server has it', async () => {
    const { keeper, webhooks, edit, round } = makeCluster(wanted);
    await round();
    expect(keeper.publishes('a CA')).to.equal(true);
    expect(keeper.publishes('another CA')).to.equal(false);
    const forgetful = (found: readonly JsonObject[]): readonly JsonObject[] =>
      found.map((webhook) => ({ ...webhook, clientConfig: { url: 'https://localhost', caBundle: '' } }));
    for (let count = 0; count < 60; count += 1) {
      edit(forgetful);
      await round();
    }
    edit(forgetful);
    await round();
    expect(webhooks()).to.not.deep.equal(wanted);
    expect(keeper.publishes('a CA')).to.equal(false);
  });

  it('knows which policies the API server calls for', async () => {
    const { keeper, edit, round } = makeCluster();
    expect(keeper.calls('hardened')).to.equal(false);
    await round();
    expect(['hardened', 'another'].map(keeper.calls)).to.deep.equal([true, false]);
    edit((webhooks) => webhooks.filter(({ name }) => name !== 'hardened.enforce.kube-harden.io'));
    expect(keeper.calls('hardened')).to.equal(false);
    keeper.see(new Map());
    expect(keeper.calls('minimal')).to.equal(false);
  });

  it('makes none where there is none, and fills in one that is applied again at once', async () => {
    const cluster = makeCluster(wanted);
    for (let count = 0; count < 60; count += 1) {
      cluster.edit(() => []);
      await cluster.round();
    }
    cluster.delete();
    const writes = cluster.writes();
    for (let count = 0; count < 5; count += 1) await cluster.round();
    expect(cluster.webhooks()).to.deep.equal([]);
    expect(cluster.writes()).to.equal(writes);
    expect(cluster.keeper.isTrue(someChoices)).to.equal(false);
    cluster.apply();
    await cluster.round();
    expect(cluster.webhooks()).to.deep.equal(wanted);
  });

  it('says once in the log that others add to its webhooks', async () => {
    const { edit, round, logged } = makeCluster(wanted);
    for (let count = 0; count < 5; count += 1) {
      edit(enforce);
      await round();
    }
    expect(logged()).to.deep.equal([
      {
        level: 'info',
        message: 'others add to the webhook configuration',
        to: 'namespaceSelector of no-such-policy.kube-harden.io, and 5 more',
      },
    ]);
  });
});
