import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Outcome, Terms } from '../../src/server/answerBody.ts';
import { answerBody } from '../../src/server/answerBody.ts';
import type { Holding } from '../../src/server/byteBudget.ts';
import { makeClaimsKey } from '../../src/server/claimsKey.ts';
import type { LargeReviews } from '../../src/server/largeReviews.ts';
import { makeLargeReviews } from '../../src/server/largeReviews.ts';
import { makeLogger } from '../../src/server/logger.ts';
import { builtInPolicy, makePolicy } from '../core/policies.ts';
import { collectLines, readRecorded, until } from './client.ts';

const hardened = builtInPolicy('hardened');
const enforce: Terms = { mode: 'enforce', policy: hardened, policyNames: [], claimsKey: undefined };
const preview: Terms = { ...enforce, mode: 'preview' };
const nobodyLeaves = new AbortController().signal;

/** A review of a pod with so many containers, in a namespace. */
function makeBody(containers: number, namespace = 'demo'): Uint8Array<ArrayBuffer> {
  const review = JSON.parse(readRecorded('create-pod')) as {
    request: { namespace: string; object: { spec: { containers: object[] } } };
  };
  review.request.namespace = namespace;
  const list = Array.from({ length: containers }, (_, index) => ({ name: `c${index}`, image: 'nginx' }));
  review.request.object.spec.containers = list;
  return new TextEncoder().encode(JSON.stringify(review));
}

/** A review that takes some 30 MB to parse, besides its own bytes, and nothing more. */
function makeCostlyBody(): Uint8Array<ArrayBuffer> {
  const list = `[${Array.from({ length: 300_000 }, (_, index) => `{"name":"${index}"}`).join(',')}]`;
  const text = new TextDecoder().decode(makeBody(1));
  return new TextEncoder().encode(text.replace('"dryRun":', () => `"list":${list},"dryRun":`).padEnd(20_000_000));
}

/** The answer as text, so that one from the thread compares with one from here. */
function readable(outcome: Outcome): object {
  if (!('answer' in outcome)) return outcome;
  return { ...outcome, answer: Buffer.from(outcome.answer).toString() };
}

function messageOf(outcome: Outcome): string {
  return 'failure' in outcome ? `${outcome.failure.status} ${outcome.failure.message}` : 'answered';
}

describe('large reviews', function () {
  this.timeout(60_000);
  const lines = collectLines();
  const logger = makeLogger(lines.sink, 'info');
  let large: LargeReviews;
  afterEach(() => large.close());

  const ask = (body: Uint8Array<ArrayBuffer>, terms = enforce, address = '192.0.2.1'): Promise<Outcome> =>
    large.answer({ bytes: body, holding: undefined }, terms, address, nobodyLeaves);

  it('are answered byte for byte as they would be in the thread of the server', async () => {
    large = makeLargeReviews(logger);
    const bodies = [
      makeBody(1),
      makeBody(2000),
      ...['create-pod', 'update-pod-ephemeralcontainers', 'create-deployment', 'delete-pod'].map((name) =>
        new TextEncoder().encode(readRecorded(name)),
      ),
      ...['{', '{}', '"\ud800"', `${'['.repeat(100)}${']'.repeat(100)}`, `[${'{},'.repeat(1_500_000)}{}]`].map((text) =>
        new TextEncoder().encode(text),
      ),
      new Uint8Array([0x22, 0xff, 0x22]),
    ];
    const minimal = makePolicy({ pod: { seccompProfile: { type: 'RuntimeDefault' } } });
    const unknown: Terms = { ...preview, policy: undefined, policyNames: ['hardened', 'minimal'] };
    for (const terms of [enforce, preview, { ...enforce, policy: minimal }, unknown]) {
      for (const body of bodies) {
        const here = readable(answerBody(body, terms));
        expect(readable(await ask(body.slice(), terms))).to.deep.equal(here);
      }
    }
  });

  it('are claimed by the same key', async () => {
    large = makeLargeReviews(logger);
    const claimsKey = makeClaimsKey(new Uint8Array(32).fill(7));
    const patchOf = (outcome: Outcome): string => {
      const { response } = JSON.parse((readable(outcome) as { answer: string }).answer) as {
        response: { patch: string };
      };
      return Buffer.from(response.patch, 'base64').toString();
    };
    const there = patchOf(await ask(makeBody(3), { ...enforce, claimsKey }));
    expect(there).to.include('kube-harden.io/claim');
    // The time of the claim is a second's, so one of two must be the same.
    const here = [0, 1].map((seconds) => {
      const now = Math.floor(Date.now() / 1000) - seconds;
      return { now, patch: patchOf(answerBody(makeBody(3), { ...enforce, claimsKey })) };
    });
    expect(there.length).to.equal(here[0]?.patch.length);
  });

  it('follow a policy that changes under its name', async () => {
    large = makeLargeReviews(logger);
    for (const spec of [{ container: { readOnlyRootFilesystem: true } }, { pod: { runAsNonRoot: true } }] as const) {
      const terms: Terms = { ...preview, policy: makePolicy(spec) };
      const body = makeBody(2);
      const here = readable(answerBody(body, terms));
      for (let times = 0; times < 2; times += 1) {
        expect(readable(await ask(body.slice(), terms))).to.deep.equal(here);
      }
    }
  });

  it('follow more policies than the thread keeps', async () => {
    large = makeLargeReviews(logger);
    const terms = Array.from({ length: 70 }, (_, index) => ({
      ...preview,
      policy: { ...hardened, name: `policy-${index}` },
    }));
    for (const each of [...terms, ...terms]) {
      expect(messageOf(await ask(makeBody(1), each))).to.equal('answered');
    }
  });

  it('take turns, so that one namespace does not keep the others waiting', async () => {
    large = makeLargeReviews(logger);
    const order: string[] = [];
    const send = async (namespace: string, address: string): Promise<void> => {
      await ask(makeBody(1000, namespace), enforce, address);
      order.push(`${address} ${namespace}`);
    };
    const huge = Array.from({ length: 10 }, () => send('huge', 'api'));
    await Promise.all([...huge, send('small', 'api'), send('other', 'elsewhere')]);
    expect(order.indexOf('api small')).to.be.below(4);
    expect(order.indexOf('elsewhere other')).to.be.below(4);
  });

  it('do not wait in a queue without end: the newest of whoever has most goes', async () => {
    large = makeLargeReviews(logger);
    const many = Array.from({ length: 80 }, () => ask(makeBody(1, 'huge')));
    const other = ask(makeBody(1, 'small'));
    const messages = (await Promise.all(many)).map(messageOf);
    expect(messages.filter((message) => message === '503 too many large reviews at a time')).to.have.length(16);
    expect(messages.slice(0, 60)).to.deep.equal(messages.slice(0, 60).fill('answered'));
    expect(messageOf(await other)).to.equal('answered');
  });

  it('go when nobody waits for them any more, or when their bytes are needed', async () => {
    large = makeLargeReviews(logger);
    const leaving = new AbortController();
    const holding: Holding = { owner: 'api', group: '', isIncomplete: false, drop: undefined };
    const first = ask(makeBody(1));
    const left = large.answer({ bytes: makeBody(1), holding: undefined }, enforce, 'api', leaving.signal);
    const dropped = large.answer({ bytes: makeBody(1), holding }, enforce, 'api', nobodyLeaves);
    leaving.abort();
    holding.drop?.();
    expect(holding.group).to.equal('demo');
    expect(messageOf(await left)).to.equal('503 nobody waits for the answer');
    expect(messageOf(await dropped)).to.equal('503 too many bytes at a time');
    expect(messageOf(await first)).to.equal('answered');
  });

  it('that take too long cost only themselves', async () => {
    large = makeLargeReviews(logger, { milliseconds: 1 });
    large.warmUp();
    await sleep(1000);
    const messages = await Promise.all([ask(makeBody(20_000)), ask(makeBody(20_000))]);
    expect(messages.map(messageOf)).to.deep.equal([
      '503 no answer within 0.001 seconds',
      '503 no answer within 0.001 seconds',
    ]);
  });

  it('that take all memory cost only themselves', async () => {
    large = makeLargeReviews(logger, {
      milliseconds: 30_000,
      heap: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
    });
    expect(messageOf(await ask(makeBody(1)))).to.equal('answered');
    const outcome = await ask(makeCostlyBody());
    expect(messageOf(outcome)).to.equal('500 a fault in kube-harden; its log says more');
    expect('error' in outcome && outcome.error).to.match(/^the thread for large reviews: Error.*memory/);
    expect(messageOf(await ask(makeBody(1)))).to.equal('answered');
  });

  it('leave no memory behind for long: a thread that has grown makes place for a new one', async () => {
    let threads = 0;
    const count = (): void => {
      threads += 1;
    };
    process.on('worker', count);
    large = makeLargeReviews(logger, { idleMilliseconds: 100 });
    expect(messageOf(await ask(makeBody(1)))).to.equal('answered');
    await sleep(300);
    expect(threads).to.equal(1);
    expect(messageOf(await ask(makeCostlyBody()))).to.equal('answered');
    await until(() => threads === 2);
    expect(messageOf(await ask(makeBody(1)))).to.equal('answered');
    process.off('worker', count);
  });

  it('end with the server', async () => {
    large = makeLargeReviews(logger);
    const waiting = [ask(makeBody(1)), ask(makeBody(1))];
    await large.close();
    const messages = (await Promise.all(waiting)).map(messageOf);
    expect(messages).to.include('503 shutting down');
  });
});
