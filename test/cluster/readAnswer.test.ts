import { Readable } from 'node:stream';
import { expect } from 'chai';
import { AnswerTooLong, readLines, readObject } from '../../src/cluster/readAnswer.ts';
import type { JsonObject } from '../../src/core/json/json.ts';

const streamOf = (text: string, chunk: number): Readable => {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, index) =>
    bytes.subarray(index * chunk, (index + 1) * chunk),
  );
  return Readable.from(chunks, { objectMode: false });
};

describe('readLines', () => {
  it('reads an object a line, wherever the chunks end', async () => {
    const objects = [{ a: 'ä€😀' }, {}, { b: ['x'.repeat(100)] }];
    const text = objects.map((object) => `${JSON.stringify(object)}\n`).join('');
    for (const chunk of [1, 2, 3, 7, 1000]) {
      const read: JsonObject[] = [];
      await readLines(streamOf(text, chunk), (object) => read.push(object));
      expect(read, String(chunk)).to.deep.equal(objects);
    }
  });

  it('takes time for a line in proportion to its length', async () => {
    const timeOf = async (length: number): Promise<number> => {
      const start = performance.now();
      await readLines(streamOf(`${JSON.stringify({ a: 'x'.repeat(length) })}\n`, 64), () => {});
      return performance.now() - start;
    };
    await timeOf(200_000);
    const [short, long] = [await timeOf(200_000), await timeOf(1_600_000)];
    // Eight times as long; looked at again with each chunk, it would be sixty-four.
    expect(long / short).to.be.below(32);
  });
});

describe('readObject', () => {
  it('reads no more than was wanted', async () => {
    expect(await readObject(streamOf('{"a":1}', 2), 7)).to.deep.equal({ a: 1 });
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1024, ' ');
      })(),
      { objectMode: false },
    );
    const error = await readObject(endless, 10_000).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AnswerTooLong);
    expect(endless.destroyed).to.equal(true);
  });
});
