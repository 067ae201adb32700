import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import type { KubeClient, Patience, WatchEvent } from '../../src/cluster/kubeClient.ts';
import { KubeApiError, makeKubeClient } from '../../src/cluster/kubeClient.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { PlainError } from '../../src/core/plainError.ts';
import { recorded, recordedBody, recordedEvents } from './recordedAnswers.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>;

/** Answers with what a real API server has answered. */
function answerRecorded(name: string): Answer {
  return (response) => {
    const { status, contentType, body } = recorded(name);
    response.writeHead(status, { 'Content-Type': contentType }).end(body);
  };
}

const impatient: Patience = { requestMilliseconds: 300, watchSeconds: 0, graceSeconds: 0.3 };

describe('makeKubeClient, by recorded answers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kube-harden-client-'));
  const asked: Asked[] = [];
  let server: Server;
  let ca: string;
  let answer: Answer = answerRecorded('list');
  let ending = new AbortController();

  before(async () => {
    const certificate = await makeThrowawayCertificate();
    ca = certificate.ca;
    server = createServer(certificate, async (request, response) => {
      const { method = '', url = '', headers } = request;
      const question = { method, path: url, headers, body: await text(request) };
      asked.push(question);
      await answer(response, question);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    asked.length = 0;
    ending = new AbortController();
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  function writeKubeconfig(user: object, path = ''): string {
    const { port } = server.address() as AddressInfo;
    const cluster = {
      server: `https://127.0.0.1:${port}${path}`,
      'certificate-authority-data': Buffer.from(ca).toString('base64'),
    };
    const file = join(folder, 'kubeconfig');
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'x',
        contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
        clusters: [{ name: 'x', cluster }],
        users: [{ name: 'x', user }],
      }),
    );
    return file;
  }

  function connect(answers: Answer, patience?: Patience): Promise<KubeClient> {
    answer = answers;
    return makeKubeClient(writeKubeconfig({ token: 'a token' }), ending.signal, patience);
  }

  async function failureOf(promise: Promise<unknown>): Promise<Error> {
    try {
      await promise;
    } catch (error) {
      return error as Error;
    }
    throw new Error('it did not fail');
  }

  it('asks as whom the kubeconfig names, and gives the answer as it came', async () => {
    const client = await connect(answerRecorded('list'));
    expect(await client.get(recorded('list').path)).to.deep.equal(recordedBody('list'));
    const [{ method, path, headers } = {} as Asked] = asked;
    expect([method, path]).to.deep.equal(['GET', recorded('list').path]);
    expect(headers).to.include({
      authorization: 'Bearer a token',
      accept: 'application/json',
      'user-agent': 'kube-harden',
    });
  });

  it('sends what it writes with its type and its length in bytes', async () => {
    const client = await connect(answerRecorded('leaseCreated'));
    const body = { text: 'grüße 😀' };
    await client.create('/create', body);
    await client.replace('/replace', body);
    await client.merge('/merge', body);
    const json = 'application/json';
    expect(asked.map(({ method, path, headers, body }) => [method, path, headers['content-type'], body])).to.deep.equal(
      [
        ['POST', '/create', json, JSON.stringify(body)],
        ['PUT', '/replace', json, JSON.stringify(body)],
        ['PATCH', '/merge', 'application/merge-patch+json', JSON.stringify(body)],
      ],
    );
    expect(asked.map(({ headers }) => headers['content-length'])).to.deep.equal(['23', '23', '23']);
  });

  it('takes an address with a path of its own', async () => {
    answer = answerRecorded('list');
    const client = await makeKubeClient(writeKubeconfig({ token: 'x' }, '/k8s/clusters/c-1/'), ending.signal);
    await client.get('/api/v1/namespaces');
    expect(asked[0]?.path).to.equal('/k8s/clusters/c-1/api/v1/namespaces');
  });

  it('asks for a token anew that has ended', async () => {
    answer = answerRecorded('list');
    const tokenFile = join(folder, 'token');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', interactiveMode: 'Never' };
    // As a cloud's command says it.
    const credential = (token: string): string =>
      JSON.stringify({
        kind: 'ExecCredential',
        apiVersion: exec.apiVersion,
        status: { token, expirationTimestamp: new Date(Date.now() - 1000).toISOString() },
      });
    writeFileSync(tokenFile, credential('first'));
    const kubeconfig = writeKubeconfig({ exec: { ...exec, args: ['-c', `cat ${tokenFile}`] } });
    const client = await makeKubeClient(kubeconfig, ending.signal);
    await client.get('/');
    writeFileSync(tokenFile, credential('second'));
    await client.get('/');
    expect(asked.map(({ headers }) => headers.authorization)).to.deep.equal(['Bearer first', 'Bearer second']);
  });

  for (const name of [
    'leaseMissing',
    'leaseExists',
    'leaseConflict',
    'eventInEndingNamespace',
    'forbidden',
    'unauthorized',
  ]) {
    it(`fails with what the API server said: ${name}`, async () => {
      const { code, message } = recordedBody(name);
      const error = await failureOf((await connect(answerRecorded(name))).get('/'));
      expect(error).to.be.instanceOf(KubeApiError);
      expect(error).to.include({ status: code, message });
    });
  }

  it('fails in one short line with what is no Status', async () => {
    const error = await failureOf((await connect(answerRecorded('noSuchPath'))).get('/'));
    expect(error).to.be.instanceOf(KubeApiError).and.to.include({ status: 404 });
    expect(error.message.trim()).to.equal('404 page not found');
    // As a proxy on the way would.
    const html = await connect((response) => void response.writeHead(502).end('<html>\n\n<b>x'.padEnd(9000, 'x')));
    const { message } = await failureOf(html.get('/'));
    expect(message)
      .to.match(/^<html> <b>xx+$/)
      .and.to.have.length(199);
  });

  for (const [what, body] of [
    ['a list', '[1]'],
    ['text', 'ok'],
    ['nothing', ''],
  ] as const) {
    it(`fails where ${what} comes instead of an object`, async () => {
      const client = await connect((response) => void response.writeHead(200).end(body));
      expect(await failureOf(client.get('/'))).to.be.instanceOf(Error);
    });
  }

  it('waits for no answer for ever, nor for the rest of one', async () => {
    for (const hang of [() => {}, (response: ServerResponse) => void response.writeHead(200).write('{"a":')]) {
      const client = await connect(hang, impatient);
      const started = performance.now();
      expect((await failureOf(client.get('/'))).message).to.match(/aborted/);
      expect(performance.now() - started).to.be.within(250, 5000);
    }
  });

  it('breaks off what is under way when it ends, and asks nothing more', async () => {
    const client = await connect(() => {});
    const asking = failureOf(client.get('/'));
    const watching = failureOf(client.watch('/', () => {}, new AbortController().signal));
    while (asked.length < 2) await sleep(10);
    ending.abort();
    expect((await asking).name).to.equal('AbortError');
    expect((await watching).name).to.equal('AbortError');
    await failureOf(client.get('/'));
    expect(asked).to.have.length(2);
  });

  async function watch(client: KubeClient, path = '/x'): Promise<{ events: WatchEvent[]; error: Error | undefined }> {
    const events: WatchEvent[] = [];
    const watching = client.watch(path, (event) => events.push(event), new AbortController().signal);
    const error = await watching.then(() => undefined).catch((failure: Error) => failure);
    return { events, error };
  }

  for (const size of [1, 7, 100, 100_000]) {
    it(`reads a watch that comes in pieces of ${size} bytes, through lines and characters`, async () => {
      const bytes = Buffer.from(recorded('watch').body);
      const client = await connect(async (response) => {
        response.writeHead(200);
        for (let at = 0; at < bytes.length; at += size) {
          // Each piece is a chunk, and so an event of its own at the other end.
          response.write(bytes.subarray(at, at + size));
          if (size > 1) await sleep(1);
        }
        response.end();
      });
      expect(await watch(client)).to.deep.equal({ events: recordedEvents('watch'), error: undefined });
    });
  }

  it('asks for bookmarks and a bounded time, behind whatever the path asks', async () => {
    const client = await connect(answerRecorded('watch'));
    await watch(client);
    await watch(client, '/x?fieldSelector=a');
    expect(asked.map(({ path }) => path)).to.deep.equal([
      '/x?watch=true&allowWatchBookmarks=true&timeoutSeconds=60',
      '/x?fieldSelector=a&watch=true&allowWatchBookmarks=true&timeoutSeconds=60',
    ]);
  });

  it('fails with the error that comes as an event', async () => {
    const { object } = recordedEvents('watchTooOld')[0] as { object: JsonObject };
    const { events, error } = await watch(await connect(answerRecorded('watchTooOld')));
    expect(events).to.deep.equal([]);
    expect(error).to.be.instanceOf(KubeApiError);
    expect(error).to.include({ status: 410, message: object['message'] });
  });

  it('fails where a watch is refused, breaks off or falls silent, with what came before', async () => {
    const refused = await watch(await connect(answerRecorded('forbidden')));
    expect(refused.error).to.be.instanceOf(KubeApiError).and.to.include({ status: 403 });
    const [first = ''] = recorded('watch').body.split('\n');
    const broken = await watch(
      await connect((response) => {
        response.writeHead(200).write(`${first}\n{"type":"ADD`, () => setTimeout(() => response.destroy(), 20));
      }),
    );
    expect(broken.events).to.have.length(1);
    expect(broken.error).to.be.instanceOf(Error);
    const silent = await watch(
      await connect((response) => void response.writeHead(200).write(`${first}\n`), impatient),
    );
    expect(silent.events).to.have.length(1);
    expect(silent.error?.message).to.equal('aborted');
  });

  it('ends a watch with its own signal', async () => {
    const client = await connect((response) => response.writeHead(200).flushHeaders());
    const mine = new AbortController();
    const watching = failureOf(client.watch('/', () => {}, mine.signal));
    while (asked.length === 0) await sleep(10);
    mine.abort();
    expect((await watching).message).to.match(/aborted/);
  });

  it('says in one line what is wrong with a kubeconfig', async () => {
    const missing = await failureOf(makeKubeClient('/no/such/file', ending.signal));
    expect(missing).to.be.instanceOf(PlainError);
    expect(missing.message).to.match(/^\/no\/such\/file: [^\n]*no such file[^\n]*$/);
    const file = join(folder, 'empty');
    writeFileSync(file, '{"apiVersion":"v1","kind":"Config","clusters":[],"contexts":[],"users":[]}');
    const empty = await failureOf(makeKubeClient(file, ending.signal));
    expect(empty).to.be.instanceOf(PlainError);
    expect(empty.message).to.equal(`${file}: names no current cluster`);
  });

  it('trusts nobody but the CA of the kubeconfig', async () => {
    ca = (await makeThrowawayCertificate()).ca;
    const client = await connect(answerRecorded('list'));
    expect((await failureOf(client.get('/'))).message).to.match(/certificate|signature/);
  });
});
