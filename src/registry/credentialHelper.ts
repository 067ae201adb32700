import { spawn } from 'node:child_process';
import { stringField } from '../core/json/fields.ts';
import { isJsonObject } from '../core/json/json.ts';
import type { Credentials } from './credentials.ts';
import { RegistryError } from './registryError.ts';

/** A helper may ask a keyring, which asks a person. */
const longestMilliseconds = 60_000;

/** Credentials, and none is longer than a token. */
const mostBytes = 64 * 1024;

/** What helpers say where they have nothing (docker-credential-helpers, `errCredentialsNotFoundMessage`). */
const notFound = /credentials not found|no credentials server url/i;

/**
 * Asks `docker-credential-NAME`; `undefined` where it has nothing for the server.
 *
 * @throws {RegistryError} where it is not there, or fails.
 */
export async function askCredentialHelper(name: string, server: string): Promise<Credentials | undefined> {
  if (!/^\w[\w.-]*$/.test(name)) {
    throw new RegistryError(
      'refused',
      `no credential helper is called ${JSON.stringify(name)}: check docker's config.json`,
    );
  }
  const program = `docker-credential-${name}`;
  const { output, isDone } = await run(program, server);
  if (!isDone) {
    if (notFound.test(output)) return undefined;
    const said = output.trim().split('\n')[0]?.slice(0, 200) ?? '';
    throw new RegistryError('refused', `${program} has no credentials for ${server}${said === '' ? '' : `: ${said}`}`);
  }
  return readAnswer(output, program);
}

function readAnswer(output: string, program: string): Credentials | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw new RegistryError('refused', `${program} answers with what is no JSON`);
  }
  if (!isJsonObject(answer)) return undefined;
  const [username, secret] = [stringField(answer, 'Username') ?? '', stringField(answer, 'Secret') ?? ''];
  if (username === '<token>') return { kind: 'identity', token: secret };
  return username === '' ? undefined : { kind: 'password', username, password: secret };
}

async function run(program: string, server: string): Promise<{ output: string; isDone: boolean }> {
  return new Promise((succeed, fail) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: longestMilliseconds });
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= mostBytes) chunks.push(chunk);
      else child.kill();
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'is not there: install it, or sign in without it' : error.message;
      fail(new RegistryError('refused', `the credential helper ${program} ${why}`));
    });
    child.on('close', (code) => {
      succeed({ output: Buffer.concat(chunks).toString('utf8'), isDone: code === 0 });
    });
    // A helper that does not read what it is asked is told by how it ends.
    child.stdin.on('error', () => undefined);
    child.stdin.end(server);
  });
}
