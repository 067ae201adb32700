import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../core/json/json.ts';
import { askCredentialHelper } from './credentialHelper.ts';
import type { Credentials } from './credentials.ts';
import { findCredentials, readRegistryConfig } from './credentials.ts';
import { RegistryError } from './registryError.ts';

/** Where docker and podman keep whom one has signed in as (docker CLI, `config.Dir`; containers-auth.json(5)). */
export function findConfigFiles(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file, XDG_RUNTIME_DIR: runtime } = environment;
  return [
    ...(file === undefined || file === '' ? [] : [file]),
    join(folder === undefined || folder === '' ? join(homedir(), '.docker') : folder, 'config.json'),
    ...(runtime === undefined || runtime === '' ? [] : [join(runtime, 'containers/auth.json')]),
  ];
}

/** Those of the files that are there. @throws {RegistryError} where one is no JSON. */
export async function readConfigFiles(files: readonly string[]): Promise<readonly Json[]> {
  const texts = await Promise.all(files.map(async (file) => readFile(file, 'utf8').catch(() => undefined)));
  return texts.flatMap((text, index) => {
    if (text === undefined || text.trim() === '') return [];
    try {
      return [JSON.parse(text) as Json];
    } catch {
      throw new RegistryError(
        'refused',
        `${files[index]}: is no JSON: mend it, or give another one with --registry-config FILE`,
      );
    }
  });
}

/** Makes what finds credentials in configurations, the first that has any; a helper is asked once for a server. */
export function makeCredentialFinder(
  configs: readonly Json[],
): (registry: string, repository: string) => Promise<Credentials | undefined> {
  const asked = new Map<string, Promise<Credentials | undefined>>();
  return async (registry, repository) => {
    for (const source of configs.flatMap((config) =>
      findCredentials(readRegistryConfig(config) ?? null, registry, repository),
    )) {
      if (source.kind !== 'helper') return source;
      const key = `${source.name} ${source.server}`;
      const answer = asked.get(key) ?? askCredentialHelper(source.name, source.server);
      asked.set(key, answer);
      const found = await answer;
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
