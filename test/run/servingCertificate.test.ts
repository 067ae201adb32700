import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Logger } from 'winston';
import { momentOf } from '../../src/certificates/moment.ts';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import { serveGiven } from '../../src/run/servingCertificate.ts';
import { readCertificate } from '../../src/server/certificateFiles.ts';
import { until } from '../server/client.ts';
import { day } from './cluster.ts';

const trust = { publishes: () => true, distrusts: () => false, publish: async () => {} };

describe('a given certificate', () => {
  it('is told to be of no use once it has ended, and of use again when its files are renewed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kube-harden-given-'));
    const [certFile, keyFile, caFile] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const files = { certFile, keyFile, caFile };
    // Good for a week each.
    const mount = async (now: number): Promise<string> => {
      const { cert, key, ca } = await makeThrowawayCertificate(undefined, now);
      await Promise.all([writeFile(keyFile, key), writeFile(caFile, ca)]);
      await writeFile(certFile, cert);
      return ca;
    };
    const start = Date.UTC(2026, 0, 1);
    const first = await mount(start);
    let now = start;
    const [told, logged]: [boolean[], string[]] = [[], []];
    const log = (message: string, { error = '' }: { error?: string } = {}): number =>
      logged.push(`${message}: ${error}`);
    const given = serveGiven({ files, certificate: await readCertificate(files) }, () => {}, {
      now: () => momentOf(now),
      tellUse: (isUsable) => told.push(isUsable),
      logger: { error: log, info: log } as unknown as Logger,
    });
    try {
      expect(given.caBundle()).to.equal(first);
      await given.keep(trust);
      now = start + 7 * day;
      await given.keep(trust);
      const second = await mount(now);
      await until(() => given.caBundle() === second);
      await given.keep(trust);
      expect(told).to.deep.equal([true, false, true]);
      expect(logged).to.include('certificate of no use: it has ended at 2026-01-08T00:00:00.000Z');
    } finally {
      given.stop();
      await rm(folder, { recursive: true });
    }
  });
});
