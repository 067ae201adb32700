import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { readJson } from '../../src/server/body.ts';
import { makeTraffic } from '../../src/server/traffic.ts';

/** As much of a request as reading its body needs. */
function makeRequest(chunks: readonly (string | Buffer)[]): IncomingMessage {
  const request = new PassThrough();
  for (const chunk of chunks) request.write(chunk);
  request.end();
  return Object.assign(request, { headers: {}, complete: true }) as unknown as IncomingMessage;
}

describe('readJson', () => {
  it('puts the pieces together, wherever a character is cut', async () => {
    const bytes = Buffer.from('{"name":"Bär 🐻"}');
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const request = makeRequest([bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(await readJson(request, makeTraffic())).to.deep.equal({ name: 'Bär 🐻' });
    }
  });

  it('counts the bytes under way, and refuses more than fit', async () => {
    const traffic = makeTraffic();
    const reading = readJson(makeRequest(['[1, 2]']), traffic);
    await reading;
    expect(traffic.bytes).to.equal(0);
    traffic.bytes = 64 * 1024 * 1024;
    const refusal: unknown = await readJson(makeRequest(['[1, 2]']), traffic).catch((error: unknown) => error);
    expect(refusal).to.include({ status: 503, message: 'too many bytes at a time' });
    expect(traffic.bytes).to.equal(64 * 1024 * 1024);
  });
});
