import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { makeThrowawayCertificate } from '../../src/certificates/throwawayCertificate.ts';
import { CertificateError, readCertificate } from '../../src/server/certificateFiles.ts';
import { until } from './client.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

/** The serial number of the certificate that a server shows. */
async function shownSerial(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

describe('certificates', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kube-harden-'));
  });
  after(async () => rm(directory, { recursive: true }));

  /** Mounts a pair as the kubelet does: the files are links through `..data`, which is swapped at once. */
  async function mount(cert: string, key: string): Promise<void> {
    const version = await mkdtemp(join(directory, '..'), 'utf8');
    await writeFile(join(version, 'tls.crt'), cert);
    await writeFile(join(version, 'tls.key'), key);
    await symlink(version, join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    for (const name of ['tls.crt', 'tls.key'])
      await symlink(join('..data', name), join(directory, name)).catch(() => {});
  }

  it('of the throwaway kind satisfy a strict verifier', async () => {
    const { ca, cert } = await makeThrowawayCertificate();
    await writeFile(join(directory, 'ca.pem'), ca);
    await writeFile(join(directory, 'cert.pem'), cert);
    const args = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'localhost',
      '-CAfile',
      join(directory, 'ca.pem'),
      join(directory, 'cert.pem'),
    ];
    expect(execFileSync('openssl', args, { encoding: 'utf8' })).to.match(/: OK\n$/);
  });

  it('that do not fit their key are refused in one line', async () => {
    const one = await makeThrowawayCertificate();
    const other = await makeThrowawayCertificate();
    const [cert, key] = [join(directory, 'one.crt'), join(directory, 'other.key')];
    await writeFile(cert, one.cert);
    await writeFile(key, other.key);
    const error: unknown = await readCertificate({ certFile: cert, keyFile: key }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(CertificateError);
    expect((error as Error).message).to.match(
      /^\S+one\.crt and \S+other\.key: are no certificate and its key: [^\n]+$/,
    );
    const missing: unknown = await readCertificate({ certFile: 'no.crt', keyFile: key }).catch(
      (thrown: unknown) => thrown,
    );
    expect((missing as Error).message).to.equal('no.crt: no such file or directory');
    const [caFile, oneKey] = [join(directory, 'no-ca.crt'), join(directory, 'one.key')];
    await writeFile(caFile, 'x');
    await writeFile(oneKey, one.key);
    const noCa: unknown = await readCertificate({ certFile: cert, keyFile: oneKey, caFile }).catch(
      (thrown: unknown) => thrown,
    );
    expect((noCa as Error).message).to.equal(`${caFile}: is no certificate`);
  });

  it('are taken anew when the files change, a bad pair is not, and SIGTERM ends it all well', async function () {
    this.timeout(40_000);
    const [first, second, third] = await Promise.all([
      makeThrowawayCertificate(),
      makeThrowawayCertificate(),
      makeThrowawayCertificate(),
    ]);
    await mount(first.cert, first.key);
    const files = ['--tls-cert', join(directory, 'tls.crt'), '--tls-key', join(directory, 'tls.key')];
    const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--drain-seconds', '0', ...files]);
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    await until(() => log.includes('"listening"'));
    const port = Number(/"port":(\d+)/.exec(log)?.[1]);
    const serials = [await shownSerial(port)];
    await mount(second.cert, second.key);
    await until(async () => (await shownSerial(port)) !== serials[0]);
    serials.push(await shownSerial(port));
    await mount(third.cert, first.key);
    await until(() => log.includes('certificate not reloaded, the old one stays'));
    expect(await shownSerial(port)).to.equal(serials[1]);
    await mount(third.cert, third.key);
    await until(async () => (await shownSerial(port)) !== serials[1]);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).to.equal(0);
    expect(log).to.match(/"closed"[^\n]*\n$/);
  });
});
