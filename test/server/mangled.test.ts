import { expect } from 'chai';
import fc from 'fast-check';
import type { Json } from '../../src/core/json/json.ts';
import { bySeed, millisecondsFor, tries } from '../property.ts';
import type { TestServer } from './client.ts';
import { readRecorded, startTestServer } from './client.ts';

const recorded = [
  'create-pod',
  'create-pod-by-replicaset',
  'update-pod-ephemeralcontainers',
  'create-deployment',
  'delete-pod',
];

const nonsense: readonly string[] = [
  'null',
  '0',
  '-1',
  '1e400',
  '""',
  '"x"',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '{"a":null}',
  'true',
  '99999999999999999999',
  '"\\ud800"',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '"\\u0000"',
  `"${'x'.repeat(2000)}"`,
  `${'['.repeat(50)}${']'.repeat(50)}`,
  `${'{"a":'.repeat(100)}0${'}'.repeat(100)}`,
  `"${'[{'.repeat(100)}"`,
];

/** Every value in a JSON text, by its place. */
function places(value: Json, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => places(child as Json, [...path, key]))];
}

function replaceAt(text: string, place: number, by: string): string {
  const document = JSON.parse(text) as Json;
  const all = places(document);
  const path = all[place % all.length] ?? [];
  const marker = '@@mangled@@';
  const last = path.at(-1);
  if (last === undefined) return by;
  const parent = path
    .slice(0, -1)
    .reduce<Json>((found, key) => (found as { [key: string]: Json })[key] ?? null, document);
  (parent as { [key: string]: Json })[last] = marker;
  return JSON.stringify(document).replace(`"${marker}"`, () => by);
}

const mangled = fc.oneof(
  fc
    .tuple(fc.constantFrom(...recorded), fc.nat(), fc.constantFrom(...nonsense))
    .map(([name, place, by]) => replaceAt(readRecorded(name), place, by)),
  fc
    .tuple(fc.constantFrom(...recorded), fc.nat(), fc.nat(), fc.constantFrom(...nonsense), fc.constantFrom(...nonsense))
    .map(([name, one, other, by, and]) => {
      const once = replaceAt(readRecorded(name), one, by === '1e400' ? '7' : by);
      return replaceAt(once, other, and);
    }),
  fc.tuple(fc.constantFrom(...recorded), fc.nat()).map(([name, length]) => readRecorded(name).slice(0, length % 3000)),
  fc.tuple(fc.constantFrom(...recorded), fc.nat(), fc.nat(255)).map(([name, position, byte]) => {
    const bytes = Buffer.from(readRecorded(name));
    bytes[position % bytes.length] = byte;
    return bytes;
  }),
);

describe(`server, under ${tries().numRuns} mangled reviews ${bySeed}`, function () {
  this.timeout(millisecondsFor(240_000));
  let running: TestServer;
  before(async () => {
    running = await startTestServer();
  });
  after(() => running.stop());

  it('answers each with a review of the same uid, or with a refusal in one line', async () => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(mangled, async (body) => {
        const { status, text } = await running.send('POST', '/enforce/hardened', body);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const answer = JSON.parse(text) as { message?: string; kind?: string; response?: Record<string, unknown> };
        if (status !== 200) {
          expect(status).to.be.within(400, 499);
          expect(answer).to.include({ kind: 'Status', status: 'Failure', code: status });
          expect(answer.message).to.match(/^[^\n]+$/);
          return;
        }
        const sent = JSON.parse(body.toString()) as { request: { uid: string } };
        expect(answer.kind).to.equal('AdmissionReview');
        expect(answer.response).to.include({ uid: sent.request.uid });
        if (answer.response?.['allowed'] !== true) {
          expect(answer.response?.['status']).to.include({ code: 400, reason: 'BadRequest' });
          return;
        }
        expect(answer.response?.['patch'] === undefined).to.equal(answer.response?.['patchType'] === undefined);
        if (answer.response?.['patch'] !== undefined)
          JSON.parse(Buffer.from(String(answer.response['patch']), 'base64').toString());
      }),
      tries(),
    );
    expect([...statuses.keys()].sort()).to.include.members([200, 400]);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
    expect((await running.send('GET', '/readyz')).status).to.equal(200);
  });
});
