import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { createLogger, transports } from 'winston';
import { followObjects, metadataOf, nameOf } from '../../src/cluster/followObjects.ts';
import type { AnswerOptions, KubeClient, WatchEvent } from '../../src/cluster/kubeClient.ts';
import { KubeApiError } from '../../src/cluster/kubeClient.ts';
import type { JsonObject } from '../../src/core/json/json.ts';

/** What kube-apiserver 1.37 has answered to the same requests. */
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded/policies.json'), 'utf8')) as {
  readonly emptyList: JsonObject;
  readonly firstPage: JsonObject;
  readonly secondPage: JsonObject;
  readonly watch: readonly WatchEvent[];
};
const silent = createLogger({ transports: [new transports.Console({ silent: true })] });
const path = '/apis/kube-harden.io/v1alpha1/hardeningpolicies';

/** An API server that answers by the list and keeps its watch open. */
function makeApi(pages: readonly JsonObject[]) {
  const asked: string[] = [];
  const options: (AnswerOptions | undefined)[] = [];
  let tell: (event: WatchEvent) => void = () => {};
  let breakOff: (error: Error) => void = () => {};
  const client = {
    get: async (asking: string, wanted?: AnswerOptions) => {
      asked.push(asking);
      options.push(wanted);
      return pages[asked.filter((each) => !each.startsWith('watch')).length - 1] ?? recorded.emptyList;
    },
    watch: (asking: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal) => {
      asked.push(`watch ${asking}`);
      tell = onEvent;
      return new Promise<void>((resolve, reject) => {
        breakOff = reject;
        signal.addEventListener('abort', () => resolve());
      });
    },
  } as Partial<KubeClient> as KubeClient;
  return {
    client,
    asked,
    options,
    tell: (event: WatchEvent) => tell(event),
    breakOff: (error: Error) => breakOff(error),
  };
}

describe('followObjects', () => {
  const follow = (api: ReturnType<typeof makeApi>, isMetadataOnly = true) => {
    const ending = new AbortController();
    const seen: (readonly string[])[] = [];
    let copy: ReadonlyMap<string, JsonObject> = new Map();
    const onChange = (objects: ReadonlyMap<string, JsonObject>): void => {
      copy = objects;
      seen.push([...objects.keys()]);
    };
    const done = followObjects(api.client, path, onChange, { logger: silent, signal: ending.signal, isMetadataOnly });
    const stop = async (): Promise<void> => {
      ending.abort();
      await done;
    };
    return { seen, copy: () => copy, stop };
  };

  it('reads a list page by page, and watches from where it was read', async () => {
    const api = makeApi([recorded.firstPage, recorded.secondPage]);
    const { seen, stop } = follow(api);
    await nextTurn();
    expect(seen).to.deep.equal([['a', 'b', 'c']]);
    const { continue: next } = recorded.firstPage['metadata'] as { continue: string };
    const { resourceVersion } = recorded.secondPage['metadata'] as { resourceVersion: string };
    expect(api.asked).to.deep.equal([
      `${path}?limit=10`,
      `${path}?limit=10&continue=${encodeURIComponent(next)}`,
      `watch ${path}?resourceVersion=${resourceVersion}`,
    ]);
    expect(api.options).to.deep.equal([{ isMetadataOnly: true }, { isMetadataOnly: true }]);
    await stop();
  });

  it('takes a list of no metadata for an empty one, and no other answer without items', async () => {
    const empty = follow(makeApi([recorded.emptyList]));
    const other = follow(makeApi([{ kind: 'Status', metadata: {} }]));
    await nextTurn();
    expect(empty.seen).to.deep.equal([[]]);
    expect(other.seen).to.deep.equal([]);
    await Promise.all([empty.stop(), other.stop()]);
  });

  it('keeps of the metadata what tells an object and its states from others', async () => {
    const { copy, stop } = follow(makeApi([recorded.secondPage]));
    await nextTurn();
    expect(Object.keys(copy().get('c')?.['metadata'] ?? {})).to.deep.equal([
      ...['name', 'uid', 'generation', 'resourceVersion', 'creationTimestamp'],
    ]);
    await stop();
  });

  it('tells of all events of a turn at once, in the newest state, without a copy', async () => {
    const api = makeApi([recorded.firstPage, recorded.secondPage]);
    const { seen, copy, stop } = follow(api);
    await nextTurn();
    const first = copy();
    for (let repetition = 0; repetition < 1000; repetition += 1) for (const event of recorded.watch) api.tell(event);
    expect(seen).to.have.length(1);
    await nextTurn();
    await nextTurn();
    expect(seen.slice(1)).to.deep.equal([['a', 'c']]);
    expect(copy()).to.equal(first);
    const [changed] = recorded.watch.flatMap(({ object }) => (nameOf(object) === 'a' ? [metadataOf(object)] : []));
    expect(copy().get('a')?.['metadata']).to.include({ resourceVersion: changed?.['resourceVersion'] });
    await stop();
  });

  it('lists again where a watch is broken off', async () => {
    const api = makeApi([recorded.firstPage, recorded.secondPage, recorded.secondPage]);
    const { seen, stop } = follow(api);
    await nextTurn();
    api.breakOff(new KubeApiError(410, 'too old resource version'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen).to.deep.equal([['a', 'b', 'c'], ['c']]);
    await stop();
  });
});
