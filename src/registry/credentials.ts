import { objectField, stringField } from '../core/json/fields.ts';
import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import { defaultDomain, legacyDefaultDomain } from '../core/pod/imageName.ts';

/** What somebody signs in with. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Gets tokens for registries, in place of a password (docker CLI, `identitytoken`). */
  | { readonly kind: 'identity'; readonly token: string }
  /** Goes to the registry as it is. */
  | { readonly kind: 'registry'; readonly token: string };

/** Where credentials are: in the configuration itself, or with a program that has to be asked for a server. */
export type CredentialSource =
  | Credentials
  | { readonly kind: 'helper'; readonly name: string; readonly server: string };

/** As docker login writes Docker Hub down (docker CLI, `IndexServer`). */
const hubServer = 'https://index.docker.io/v1/';

/**
 * What a configuration in the form of docker's config.json, or of an imagePullSecret, has for a repository. The longest
 * path wins (containers-auth.json(5)), and `*` stands for one part of a host's name (k8s.io/kubernetes
 * pkg/credentialprovider, `URLsMatch`).
 */
export function findCredentials(config: Json, registry: string, repository: string): readonly CredentialSource[] {
  if (!isJsonObject(config)) return [];
  const isHub = registry === defaultDomain;
  const names = isHub ? [defaultDomain, legacyDefaultDomain, 'registry-1.docker.io'] : [registry];
  const server = isHub ? hubServer : registry;
  const asHelper = (name: string | undefined): readonly CredentialSource[] =>
    name === undefined || name === '' ? [] : [{ kind: 'helper', name, server }];
  const helpers = objectField(config, 'credHelpers');
  return [
    ...[...names, ...(isHub ? [hubServer] : [])].flatMap((name) => asHelper(stringField(helpers, name))),
    ...findEntries(config, names, repository).flatMap(readEntry),
    ...asHelper(stringField(config, 'credsStore')),
  ];
}

/** The entries under `auths` for a repository, that of the longest path first. */
function findEntries(config: JsonObject, names: readonly string[], repository: string): readonly JsonObject[] {
  const entries = Object.entries(objectField(config, 'auths') ?? {}).flatMap(([key, entry]) =>
    isJsonObject(entry) ? [{ key: normalize(key), entry }] : [],
  );
  return pathsOf(repository).flatMap((path) =>
    entries.filter(({ key }) => names.some((name) => matchesKey(key, `${name}${path}`))).map(({ entry }) => entry),
  );
}

/** The paths that a repository lies at or below, the longest first; the last is the registry's own. */
function pathsOf(repository: string): readonly string[] {
  const parts = repository.split('/');
  return [...parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`), ''];
}

/** Keys may be URLs, and end as docker's first registries did. */
function normalize(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
}

function matchesKey(key: string, name: string): boolean {
  if (!key.includes('*')) return key === name;
  const [keyHost = '', ...keyPath] = key.split('/');
  const [host = '', ...path] = name.split('/');
  const [keyParts, parts] = [keyHost.split('.'), host.split('.')];
  return (
    keyPath.join('/') === path.join('/') &&
    keyParts.length === parts.length &&
    keyParts.every((part, index) => part === '*' || part === parts[index])
  );
}

function readEntry(entry: JsonObject): readonly Credentials[] {
  const identity = stringField(entry, 'identitytoken') ?? '';
  if (identity !== '') return [{ kind: 'identity', token: identity }];
  const token = stringField(entry, 'registrytoken') ?? '';
  if (token !== '') return [{ kind: 'registry', token }];
  const auth = Buffer.from(stringField(entry, 'auth') ?? '', 'base64')
    .toString('utf8')
    .replaceAll('\0', '');
  const colon = auth.indexOf(':');
  const username = colon === -1 ? (stringField(entry, 'username') ?? '') : auth.slice(0, colon);
  const password = colon === -1 ? (stringField(entry, 'password') ?? '') : auth.slice(colon + 1);
  return username === '' ? [] : [{ kind: 'password', username, password }];
}

/**
 * The configuration in a document: one as it is, or that of a Secret of type kubernetes.io/dockerconfigjson or
 * kubernetes.io/dockercfg. `undefined` where there is none.
 */
export function readRegistryConfig(document: Json): JsonObject | undefined {
  if (!isJsonObject(document)) return undefined;
  if (document['kind'] !== 'Secret') return document;
  const written = objectField(document, 'stringData');
  const encoded = objectField(document, 'data');
  const text = (key: string): string | undefined => {
    const data = stringField(encoded, key);
    return stringField(written, key) ?? (data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8'));
  };
  const config = text('.dockerconfigjson');
  if (config !== undefined) return parseObject(config);
  // The older form is what the newer one has under `auths`.
  const auths = text('.dockercfg');
  const entries = auths === undefined ? undefined : parseObject(auths);
  return entries === undefined ? undefined : { auths: entries };
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
