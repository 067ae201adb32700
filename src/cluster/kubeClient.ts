import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { Agent, request } from 'node:https';
import { text as readAll } from 'node:stream/consumers';
import type { JsonObject } from '../core/json/json.ts';
import { PlainError } from '../core/plainError.ts';
import { parseObject, readLines, readObject } from './readAnswer.ts';

/** One thing that happened to an object that is watched. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
}

/** What an API server says no to: its status and its own words. */
export class KubeApiError extends Error {
  override name = 'KubeApiError';
  /** HTTP's; 410 means that a watch started too far in the past. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How an answer is wanted. */
export interface AnswerOptions {
  /** Of each object its metadata alone, which is all that an informer of large objects needs. */
  readonly isMetadataOnly?: boolean;
  /** Longer answers are not read to their end. @throws {AnswerTooLong} */
  readonly mostBytes?: number;
}

/** The API server as raw JSON: the library's typed calls drop the fields that they do not know. */
export interface KubeClient {
  /** @throws {KubeApiError} */
  readonly get: (path: string, options?: AnswerOptions) => Promise<JsonObject>;
  /** @throws {KubeApiError} */
  readonly create: (path: string, body: JsonObject) => Promise<JsonObject>;
  /** Refused with 409 where the object is no longer of the `resourceVersion` in the body. @throws {KubeApiError} */
  readonly replace: (path: string, body: JsonObject) => Promise<JsonObject>;
  /** A JSON merge patch, RFC 7386: a list replaces a list. @throws {KubeApiError} */
  readonly merge: (path: string, body: JsonObject) => Promise<JsonObject>;
  /** Ends when the API server ends it, or with the signal. @throws {KubeApiError} where it is refused or broken off. */
  readonly watch: (
    path: string,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
    options?: AnswerOptions,
  ) => Promise<void>;
}

/** What to accept where metadata alone is wanted: k8s.io/kubernetes, "receiving resources as … PartialObjectMetadata". */
function acceptMetadata(kind: 'PartialObjectMetadata' | 'PartialObjectMetadataList'): string {
  return `application/json;as=${kind};g=meta.k8s.io;v=v1`;
}

/** One that has an API server at its other end, and so knows its clock. */
export interface ConnectedClient extends KubeClient {
  /**
   * What the API server's clock says, in milliseconds since 1970, by the last `Date` header that it has sent; undefined
   * before it has answered.
   */
  readonly serverTime: () => number | undefined;
}

/** How long anything may take; tests are shorter of time. */
export interface Patience {
  /** No answer of an API server takes longer but a watch. */
  readonly requestMilliseconds: number;
  /** How long a watch lasts at most; the API server ends it, and it costs next to nothing to begin anew. */
  readonly watchSeconds: number;
  /** What is silent for so much longer than that hangs, though its connection is alive. */
  readonly graceSeconds: number;
}

const usualPatience: Patience = { requestMilliseconds: 10_000, watchSeconds: 60, graceSeconds: 15 };

/** Connections that are kept for what comes next; as many requests as are under way at a time. */
const mostIdleConnections = 4;

/**
 * How long a connection is idle before TCP asks whether the other end is still there; ten times more, a second apart.
 * Of a watch that a machine or a firewall on the way has forgotten, nothing else would ever be heard.
 */
const idleMilliseconds = 10_000;

/**
 * Makes a client by what kubectl would use, or a pod's service account.
 *
 * @param ending breaks off all that is being asked, and whatever would be asked later.
 * @throws {PlainError} where there is no cluster to be found.
 */
export async function makeKubeClient(
  kubeconfig: string | undefined,
  ending: AbortSignal,
  { requestMilliseconds, watchSeconds, graceSeconds }: Patience = usualPatience,
): Promise<ConnectedClient> {
  // Half a second and 90 MB, for whoever talks to a cluster alone.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const load = (): InstanceType<typeof KubeConfig> => {
    const loaded = new KubeConfig();
    try {
      if (kubeconfig === undefined) loaded.loadFromDefault();
      else loaded.loadFromFile(kubeconfig);
    } catch (error) {
      throw new PlainError(`${kubeconfig ?? 'kubeconfig'}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return loaded;
  };
  let config = load();
  // Its address may have a path of its own, behind which Kubernetes' begin.
  const server = config.getCurrentCluster()?.server.replace(/\/$/, '');
  if (server === undefined) throw new PlainError(`${kubeconfig ?? 'kubeconfig'}: names no current cluster`);

  let heard: { readonly date: number; readonly at: number } | undefined;
  const listen = ({ headers: { date = '' } }: IncomingMessage): void => {
    const parsed = Date.parse(date);
    if (!Number.isNaN(parsed)) heard = { date: parsed, at: performance.now() };
  };

  // A handshake for each of a hundred policies costs more than they do. Through a proxy, the library's own agent knows the way.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: mostIdleConnections });
  const isDirect = config.getCurrentCluster()?.proxyUrl === undefined;
  const send = async (
    method: string,
    path: string,
    {
      body,
      contentType = 'application/json',
      accept = 'application/json',
      ...others
    }: RequestOptions & { body?: JsonObject; contentType?: string; accept?: string },
  ): Promise<IncomingMessage> => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const options: RequestOptions = { method, headers: {}, ...others };
    // A fresh token and certificate each time: those of a service account change every hour.
    await config.applyToHTTPSOptions(options as Parameters<typeof config.applyToHTTPSOptions>[0]);
    if (isDirect) options.agent = agent;
    const headers: Record<string, string | number> = { ...(options.headers as Record<string, string>) };
    headers['Accept'] = accept;
    headers['User-Agent'] = 'kube-harden';
    if (text !== undefined) {
      headers['Content-Type'] = contentType;
      headers['Content-Length'] = Buffer.byteLength(text);
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(new URL(server + path), { ...options, headers }, resolve);
      sent.on('error', reject);
      sent.once('socket', (socket) => socket.setKeepAlive(true, idleMilliseconds));
      sent.end(text);
    });
    listen(response);
    const status = response.statusCode ?? 0;
    if (status < 400) return response;
    // The library reads a token again after a minute by the clock: never, where the clock was ahead when it read it.
    if (status === 401) config = load();
    throw refusal(status, await readAll(response));
  };
  const ask = async (method: string, path: string, body?: JsonObject, contentType?: string): Promise<JsonObject> => {
    const signal = AbortSignal.any([ending, AbortSignal.timeout(requestMilliseconds)]);
    const given = { ...(body !== undefined && { body }), ...(contentType !== undefined && { contentType }) };
    return readObject(await send(method, path, { signal, ...given }));
  };
  return {
    get: async (path, { isMetadataOnly = false, mostBytes } = {}) => {
      const signal = AbortSignal.any([ending, AbortSignal.timeout(requestMilliseconds)]);
      const accept = isMetadataOnly ? { accept: acceptMetadata('PartialObjectMetadataList') } : {};
      return readObject(await send('GET', path, { signal, ...accept }), mostBytes);
    },
    create: (path, body) => ask('POST', path, body),
    serverTime: () => heard && heard.date + performance.now() - heard.at,
    replace: (path, body) => ask('PUT', path, body),
    merge: (path, body) => ask('PATCH', path, body, 'application/merge-patch+json'),
    watch: async (path, onEvent, signal, { isMetadataOnly = false } = {}) => {
      const separator = path.includes('?') ? '&' : '?';
      const query = `${separator}watch=true&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}`;
      const limit = AbortSignal.any([ending, signal, AbortSignal.timeout((watchSeconds + graceSeconds) * 1000)]);
      const accept = isMetadataOnly ? { accept: acceptMetadata('PartialObjectMetadata') } : {};
      await readLines(await send('GET', path + query, { signal: limit, ...accept }), (line) => {
        const { type, object } = line as unknown as WatchEvent;
        if (type === 'ERROR') throw new KubeApiError(Number(object['code']), String(object['message']));
        onEvent({ type, object });
      });
    },
  };
}

function refusal(status: number, text: string): KubeApiError {
  try {
    return new KubeApiError(status, String(parseObject(text)['message']));
  } catch {
    return new KubeApiError(status, text.slice(0, 200).replaceAll(/\s+/g, ' '));
  }
}
