import type { JsonObject } from '../core/json/json.ts';
import { isLoopback } from './addresses.ts';
import { adviseCredentials, authorize } from './authorize.ts';
import type { Credentials } from './credentials.ts';
import type { Limits } from './limits.ts';
import type { Descriptor, ImageManifest, Platform } from './manifest.ts';
import { acceptedManifests, choosePlatform, isIndex, readManifest } from './manifest.ts';
import { parseJsonObject, readBody } from './readBody.ts';
import type { ImageReference } from './reference.ts';
import { hostOf } from './reference.ts';
import { RegistryError } from './registryError.ts';
import type { Answer, Request, Transport } from './transport.ts';
import type { VerifiedStream } from './verify.ts';
import { digestOf, verifyBytes, verifyStream } from './verify.ts';

export interface ClientOptions {
  readonly transport: Transport;
  readonly limits: Limits;
  readonly insecureHosts: readonly string[];
  readonly tokenHosts: readonly string[];
  /** By a registry's name, what to ask before it: a host, and perhaps a path that goes before the repository's. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** What there is to sign in to a registry with. */
  readonly credentialsFor: (registry: string, repository: string) => Promise<Credentials | undefined>;
}

/** One place that serves a repository. */
interface Endpoint {
  /** As credentials know it. */
  readonly registry: string;
  readonly host: string;
  readonly repository: string;
}

/** An image that was found, and where. */
export interface FoundImage {
  readonly manifest: ImageManifest;
  /** The manifest's own, and that of the index it was found in. */
  readonly digests: readonly string[];
  /** The bytes of a small blob, verified. */
  readonly fetchBytes: (descriptor: Descriptor, most: number, what: string) => Promise<Buffer>;
  /** A blob as it comes, and what verifies it: to be read through the one and the other. */
  readonly openBlob: (descriptor: Descriptor, what: string) => Promise<BlobStream>;
}

export interface BlobStream {
  readonly body: Answer['body'];
  readonly describe: Answer['describe'];
  readonly verified: VerifiedStream;
}

/**
 * Finds an image's manifest for a platform, at the first place that has it.
 *
 * @throws {RegistryError}
 */
export async function findImage(
  reference: ImageReference,
  platform: Platform | undefined,
  options: ClientOptions,
): Promise<FoundImage> {
  const endpoints = endpointsOf(reference, options.mirrors);
  for (const endpoint of endpoints) {
    try {
      return await findAt(endpoint, reference, platform, options);
    } catch (error) {
      // What a mirror has not, or does not answer, its registry may.
      const mayGoOn =
        error instanceof RegistryError && (error.problem === 'unreachable' || error.problem === 'not-found');
      if (!mayGoOn || endpoint === endpoints.at(-1)) throw error;
    }
  }
  throw new RegistryError('not-found', 'there is nowhere to look');
}

function endpointsOf({ registry, repository }: ImageReference, mirrors: ClientOptions['mirrors']): readonly Endpoint[] {
  const before = (mirrors.get(registry) ?? []).map((mirror) => {
    const [host = '', ...prefix] = mirror.split('/');
    return { registry: host, host: hostOf(host), repository: [...prefix, repository].join('/') };
  });
  return [...before, { registry, host: hostOf(registry), repository }];
}

async function findAt(
  endpoint: Endpoint,
  reference: ImageReference,
  platform: Platform | undefined,
  options: ClientOptions,
): Promise<FoundImage> {
  const ask = makeAsker(endpoint, options);
  const name = reference.digest ?? reference.tag ?? 'latest';
  const first = await fetchManifest(ask, name, reference.digest, options.limits);
  const digests = [first.digest];
  let { document } = first;
  // An index may name an index, and nobody has been seen to go any deeper.
  for (let depth = 0; isIndex(document); depth += 1) {
    if (depth === 2) throw new RegistryError('broken', 'its index names an index that names an index');
    const { digest } = choosePlatform(document, platform);
    document = (await fetchManifest(ask, digest, digest, options.limits)).document;
    digests.unshift(digest);
  }
  const openBlob = async (descriptor: Descriptor, what: string): Promise<BlobStream> => {
    const { body, describe } = await ask(`blobs/${descriptor.digest}`, {}, what);
    return { body, describe, verified: verifyStream(descriptor, what) };
  };
  return {
    manifest: readManifest(document, options.limits),
    digests,
    openBlob,
    fetchBytes: async ({ digest }, most, what) => {
      const bytes = await readBody(await ask(`blobs/${digest}`, {}, what), most, what);
      verifyBytes(bytes, digest, what);
      return bytes;
    },
  };
}

type Ask = (path: string, headers: Request['headers'], what: string) => Promise<Answer>;

async function fetchManifest(
  ask: Ask,
  name: string,
  digest: string | undefined,
  { manifestBytes }: Limits,
): Promise<{ document: JsonObject; digest: string }> {
  const answer = await ask(`manifests/${name}`, { Accept: acceptedManifests }, 'the manifest');
  const bytes = await readBody(answer, manifestBytes, 'the manifest');
  const told = answer.header('docker-content-digest');
  const expected = digest ?? (told?.startsWith('sha256:') === true ? told : undefined);
  if (expected !== undefined) verifyBytes(bytes, expected, 'the manifest');
  return { document: parseJsonObject(bytes, 'the manifest'), digest: expected ?? digestOf(bytes) };
}

/** Makes what asks one place for a repository's things, and signs in there once it is asked to. */
function makeAsker({ registry, host, repository }: Endpoint, options: ClientOptions): Ask {
  const { transport, limits, tokenHosts, insecureHosts } = options;
  let protocols =
    isLoopback(new URL(`https://${host}`).hostname) || insecureHosts.includes(host) ? ['http', 'https'] : ['https'];
  let authorization: string | undefined;

  const send = async (path: string, headers: Request['headers']): Promise<{ answer: Answer; url: URL }> => {
    const [protocol = 'https', second] = protocols;
    const url = new URL(`${protocol}://${host}/v2/${repository}/${path}`);
    try {
      const answer = await transport.send(url, { ...(headers === undefined ? {} : { headers }), authorization });
      // What speaks TLS says 400 to what does not.
      if (second === undefined || answer.status !== 400) {
        protocols = [protocol];
        return { answer, url };
      }
      answer.body.destroy();
    } catch (error) {
      if (second === undefined || !(error instanceof RegistryError && error.problem === 'unreachable')) throw error;
      protocols = [second];
      return await send(path, headers).catch((again: unknown) => {
        // The first try tells more where neither has led anywhere.
        throw again instanceof RegistryError && again.problem === 'unreachable' ? error : again;
      });
    }
    protocols = [second];
    return send(path, headers);
  };

  return async (path, headers, what) => {
    let { answer, url } = await send(path, headers);
    let credentials: Credentials | undefined;
    if (answer.status === 401) {
      answer.body.destroy();
      credentials = await options.credentialsFor(registry, repository);
      const challenge = answer.header('www-authenticate') ?? '';
      authorization = await authorize(challenge, url, repository, { transport, limits, tokenHosts, credentials });
      if (authorization === undefined) throw unauthorized(host, credentials);
      ({ answer, url } = await send(path, headers));
    }
    if (answer.status === 200) return answer;
    answer.body.destroy();
    if (answer.status === 401 || answer.status === 403) throw unauthorized(host, credentials);
    if (answer.status === 404) throw new RegistryError('not-found', notFound(path, what, host));
    const problem = answer.status >= 500 ? 'unreachable' : 'broken';
    throw new RegistryError(problem, `${host} answers ${answer.status} when asked for ${what}`);
  };
}

function notFound(path: string, what: string, host: string): string {
  if (!path.startsWith('manifests/')) return `${host} has a manifest and not ${what} that it names: push it anew`;
  const [, name = ''] = path.split('/');
  return name.includes(':')
    ? `${host} has nothing by the digest ${name.slice(0, 19)}…`
    : `${host} has no such image, or none with the tag ${JSON.stringify(name)}: check the name`;
}

function unauthorized(host: string, credentials: Credentials | undefined): RegistryError {
  return new RegistryError(
    'refused',
    `${host} refuses it, or has no such image: ${adviseCredentials(credentials, host)}`,
  );
}
