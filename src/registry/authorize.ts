import { stringField } from '../core/json/fields.ts';
import type { Challenge } from './challenge.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import type { Limits } from './limits.ts';
import { parseJsonObject, readBody } from './readBody.ts';
import { RegistryError } from './registryError.ts';
import type { Request, Transport } from './transport.ts';

export interface Authorizing {
  readonly transport: Transport;
  readonly limits: Limits;
  /** Hosts that credentials may be sent to besides the registry's own. */
  readonly tokenHosts: readonly string[];
  readonly credentials: Credentials | undefined;
}

/** Registries whose tokens are given out elsewhere, of which both belong to one house. */
const tokenHostsOf: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['auth.docker.io'],
  'registry.gitlab.com': ['gitlab.com'],
};

/**
 * What to send as `Authorization` after a registry has answered with 401; `undefined` where there is nothing to send.
 * Asks for leave to pull from the one repository, whatever the registry proposes.
 *
 * @throws {RegistryError} where no token comes, or where asking for one would give credentials to a stranger.
 */
export async function authorize(
  challengeHeader: string,
  registry: URL,
  repository: string,
  authorizing: Authorizing,
): Promise<string | undefined> {
  const challenges = parseChallenges(challengeHeader);
  const { credentials } = authorizing;
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (credentials?.kind === 'registry') return `Bearer ${credentials.token}`;
  if (bearer !== undefined) return `Bearer ${await fetchToken(bearer, registry, repository, authorizing)}`;
  const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
  return isBasic && credentials?.kind === 'password' ? basic(credentials) : undefined;
}

function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function fetchToken(
  { parameters }: Challenge,
  registry: URL,
  repository: string,
  { transport, limits, tokenHosts, credentials }: Authorizing,
): Promise<string> {
  const realm = parameters.get('realm') ?? '';
  if (!URL.canParse(realm)) throw new RegistryError('broken', `${registry.host} names no URL to get a token from`);
  const url = new URL(realm);
  // A registry with TLS has its tokens given out with TLS: anything else is somebody in between.
  if (url.protocol !== registry.protocol && url.protocol !== 'https:')
    throw new RegistryError('refused', `${registry.host} has its tokens given out at ${url.host} without TLS`);
  const known = [registry.hostname, ...(tokenHostsOf[registry.hostname] ?? []), ...tokenHosts];
  if (credentials !== undefined && !known.includes(url.hostname) && !known.includes(url.host)) {
    const message = `${registry.host} wants your credentials sent to ${url.host}: if that is right, say --token-host ${url.host}`;
    throw new RegistryError('refused', message);
  }
  const service = parameters.get('service');
  const answer = await transport.send(url, tokenRequest(url, service, `repository:${repository}:pull`, credentials));
  const what = `what ${url.host} answers with in place of a token`;
  const body = await readBody(answer, limits.tokenBytes, what);
  if (answer.status === 401 || answer.status === 403)
    throw new RegistryError('refused', `${url.host} gives no token: ${adviseCredentials(credentials, registry.host)}`);
  if (answer.status !== 200) throw new RegistryError('broken', `${url.host} gives no token, but ${answer.status}`);
  const given = parseJsonObject(body, what);
  const token = stringField(given, 'token') ?? stringField(given, 'access_token') ?? '';
  // What is no token would be one of a header's lines.
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new RegistryError('broken', `${url.host} answers without a token`);
}

/** Source: distribution specification, "Token Authentication" and "OAuth2 Token Authentication". */
function tokenRequest(
  url: URL,
  service: string | undefined,
  scope: string,
  credentials: Credentials | undefined,
): Request {
  if (credentials?.kind === 'identity') {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'kube-harden', scope });
    if (service !== undefined) form.set('service', service);
    form.set('refresh_token', credentials.token);
    return { form };
  }
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  return { authorization: credentials?.kind === 'password' ? basic(credentials) : undefined };
}

/** What to do about a registry that does not give an image. */
export function adviseCredentials(credentials: Credentials | undefined, host: string): string {
  const login = `docker login ${host === 'registry-1.docker.io' ? '' : host}`.trim();
  return credentials === undefined
    ? `sign in with ${login}, or give --registry-config FILE`
    : `your credentials do not suffice; sign in anew with ${login}, or give --registry-config FILE`;
}
