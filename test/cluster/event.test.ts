import { expect } from 'chai';
import { rfc3339, writeEvent } from '../../src/cluster/event.ts';
import { metadataOf } from '../../src/cluster/followObjects.ts';
import type { KubeClient } from '../../src/cluster/kubeClient.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { makeLogged } from './logged.ts';
import { recorded, recordedBody } from './recordedAnswers.ts';

const about = { apiVersion: 'v1', kind: 'Namespace', name: 'web', namespace: 'default', uid: 'a uid' };

describe('writeEvent', () => {
  function makeApi(refusal?: KubeApiError) {
    const written: [string, JsonObject][] = [];
    const client = {
      create: async (path: string, body: JsonObject) => {
        written.push([path, body]);
        if (refusal !== undefined) throw refusal;
        return recordedBody('eventCreated');
      },
    } as Partial<KubeClient> as KubeClient;
    return { client, written, ...makeLogged() };
  }

  it('writes what an API server has taken, in its own form', async () => {
    const api = makeApi();
    await writeEvent(api, about, 'PolicyMissing', 'x'.repeat(1024));
    const [[path, event] = []] = api.written;
    expect(path).to.equal(recorded('eventCreated').path);
    const taken = recordedBody('eventCreated');
    // But for what the API server adds, and the times.
    for (const key of ['involvedObject', 'reason', 'message', 'source', 'type', 'count']) {
      expect(event?.[key], key).to.deep.equal(taken[key]);
    }
    expect(metadataOf(event ?? {})['generateName']).to.equal(metadataOf(taken)['generateName']);
    for (const key of ['firstTimestamp', 'lastTimestamp']) {
      expect(event?.[key]).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(taken[key]).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
    expect(api.lines).to.deep.equal([]);
  });

  it('cuts a long message, and writes to default about what has no namespace', async () => {
    const api = makeApi();
    const { namespace: _, ...withoutNamespace } = about;
    await writeEvent(api, withoutNamespace, 'PolicyRefused', 'x'.repeat(5000));
    const [[path, event] = []] = api.written;
    expect(path).to.equal('/api/v1/namespaces/default/events');
    expect(event?.['message']).to.equal('x'.repeat(1024));
  });

  it('only logs one that is refused', async () => {
    const { code, message } = recordedBody('eventInEndingNamespace');
    const api = makeApi(new KubeApiError(Number(code), String(message)));
    await writeEvent(api, { ...about, namespace: 'ending' }, 'PolicyMissing', 'x');
    expect(api.lines).to.deep.equal([
      { level: 'warn', message: 'event not written', namespace: 'ending', reason: 'PolicyMissing', error: message },
    ]);
  });
});

describe('rfc3339', () => {
  it('has whole seconds', () => {
    expect(rfc3339(Date.UTC(2026, 0, 2, 3, 4, 5, 999))).to.equal('2026-01-02T03:04:05Z');
  });
});
