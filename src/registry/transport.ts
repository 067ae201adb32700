import { lookup as resolve } from 'node:dns';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback } from './addresses.ts';
import type { Limits } from './limits.ts';
import { describeNetworkError } from './networkError.ts';
import { RegistryError } from './registryError.ts';

/** What a request asks; `authorization` goes no further than to the origin it is for. */
export interface Request {
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  /** Sent by POST, as a form. */
  readonly form?: URLSearchParams;
}

/** What is answered; the body has to be read or destroyed. */
export interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: IncomingMessage;
  /** Says what has kept the body from coming. */
  readonly describe: (error: unknown) => RegistryError;
}

export interface Transport {
  /** @throws {RegistryError} where no answer comes, or none that may be followed. */
  readonly send: (url: URL, request: Request) => Promise<Answer>;
  readonly close: () => void;
}

export interface TransportOptions {
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Hosts, with their port where they have one, that may be spoken to without TLS besides this machine. */
  readonly insecureHosts: readonly string[];
  /** Which addresses may be connected to; asked with each that a name resolves to, at the time of the connection. */
  readonly allowAddress: (address: string) => boolean;
}

const redirections: readonly number[] = [301, 302, 303, 307, 308];
const retried: readonly number[] = [429, 503];

/**
 * Makes what speaks HTTP to registries. Node's own modules and not its fetch: these can hold each address to a rule when
 * it is connected to, honour proxies without a flag to Node, and hand bodies on with back pressure.
 */
export function makeTransport({ limits, signal, insecureHosts, allowAddress }: TransportOptions): Transport {
  // Each name that a proxy is known by, and NO_PROXY (https://nodejs.org/api/http.html#built-in-proxy-support).
  const proxied = { keepAlive: true, proxyEnv: process.env };
  const agents = {
    'https:': new HttpsAgent(proxied),
    'http:': new HttpAgent(proxied),
    direct: { 'https:': new HttpsAgent({ keepAlive: true }), 'http:': new HttpAgent({ keepAlive: true }) },
  };
  const lookup = guardLookup(allowAddress);

  function open(url: URL, { headers, authorization, form }: Request): Promise<IncomingMessage> {
    const protocol = url.protocol as 'http:' | 'https:';
    const options = {
      method: form === undefined ? 'GET' : 'POST',
      agent: (isLoopback(url.hostname) ? agents.direct : agents)[protocol],
      lookup,
      signal,
      timeout: limits.idleSeconds * 1000,
      headers: {
        'User-Agent': 'kube-harden',
        ...(form === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...headers,
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
    };
    return new Promise((succeed, fail) => {
      const request: ClientRequest = (protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (answer) => {
        succeed(answer);
      });
      request.on('timeout', () => {
        const message = `${url.host} has sent nothing for ${limits.idleSeconds} s: try again, or ask a mirror with --mirror`;
        request.destroy(new RegistryError('unreachable', message));
      });
      request.on('error', (error) => {
        fail(describeNetworkError(signal.aborted ? signal.reason : error, url));
      });
      request.end(form?.toString());
    });
  }

  function check(url: URL): void {
    const mayBePlain = isLoopback(url.hostname) || insecureHosts.includes(url.host);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBePlain)) {
      const message = `${url.host} is to be asked without TLS: if you trust the network between, say --insecure-registry ${url.host}`;
      throw new RegistryError('refused', message);
    }
    const address = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0 && !allowAddress(address)) throw forbidden(address);
  }

  async function sendPatiently(url: URL, request: Request): Promise<IncomingMessage> {
    for (let tries = 0; ; tries += 1) {
      const answer = await open(url, request);
      if (!retried.includes(answer.statusCode ?? 0)) return answer;
      answer.destroy();
      const seconds = secondsAsked(answer.headers['retry-after'], tries);
      if (tries === limits.retries || seconds > limits.secondsToWait) {
        const wait = seconds > limits.secondsToWait ? `in ${seconds} s` : 'later';
        const message = `${url.host} has had too many requests (${answer.statusCode}): try again ${wait}, or sign in with docker login`;
        throw new RegistryError('too-much', message);
      }
      await sleep(seconds * 1000, undefined, { signal }).catch(() => {
        throw describeNetworkError(signal.reason, url);
      });
    }
  }

  return {
    send: async (first, request) => {
      let url = first;
      for (let hops = 0; hops <= limits.redirects; hops += 1) {
        check(url);
        const { authorization, ...rest } = request;
        // Whoever a registry sends us to, a storage mostly, gets nothing that was meant for the registry.
        const answer = await sendPatiently(url, url.origin === first.origin ? request : rest);
        const { location } = answer.headers;
        if (!redirections.includes(answer.statusCode ?? 0) || location === undefined)
          return asAnswer(answer, url, signal);
        answer.destroy();
        url = follow(location, url);
      }
      throw new RegistryError('broken', `${first.host} redirects more than ${limits.redirects} times`);
    },
    close: () => {
      for (const agent of [agents['https:'], agents['http:'], ...Object.values(agents.direct)]) agent.destroy();
    },
  };
}

function asAnswer(body: IncomingMessage, url: URL, signal: AbortSignal): Answer {
  return {
    // Whoever gives up sees the connection break off.
    describe: (error) => describeNetworkError(signal.aborted ? signal.reason : error, url),
    status: body.statusCode ?? 0,
    header: (name) => {
      const value = body.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body,
  };
}

function follow(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (url === undefined) throw new RegistryError('broken', `${from.host} redirects to what is no URL`);
  // Neither what one registry knows of us nor what a name could carry is passed on.
  url.username = '';
  url.password = '';
  return url;
}

/** Seconds, or a date (RFC 9110, section 10.2.3); without either, longer each time. */
function secondsAsked(header: string | undefined, tries: number): number {
  if (header === undefined) return 2 ** tries;
  if (/^[0-9]{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? 2 ** tries : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

/** Holds each address to the rule at the time at which it is connected to: a name may lead elsewhere the next time. */
function guardLookup(allowAddress: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const allowed = addresses.filter(({ address }) => allowAddress(address));
      const [first] = allowed;
      if (first === undefined) callback(forbidden(hostname), '');
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function forbidden(host: string): RegistryError {
  return new RegistryError('refused', `${host} is an address that may not be asked`);
}
