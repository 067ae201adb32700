import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { JsonObject } from '../../src/core/json/json.ts';

/** What the API server answered. */
export interface KubeAnswer {
  readonly status: number;
  readonly body: JsonObject;
  /** The texts of its `Warning` headers. */
  readonly warnings: readonly string[];
}

/** An API server as raw JSON: nothing of what it says is dropped. */
export interface KubeApi {
  readonly request: (
    method: string,
    path: string,
    /** Bytes are sent as they are. */
    body?: JsonObject | Buffer,
    contentType?: string,
  ) => Promise<KubeAnswer>;
  /** @throws what the API server says where it refuses. */
  readonly get: (path: string) => Promise<JsonObject>;
  readonly create: (path: string, body: JsonObject) => Promise<JsonObject>;
  readonly delete: (path: string) => Promise<JsonObject>;
  /** A JSON merge patch: RFC 7386. */
  readonly merge: (path: string, body: JsonObject) => Promise<JsonObject>;
  /** How many bytes an object is in protocol buffers, as it is stored. */
  readonly storedBytes: (path: string) => Promise<number>;
  readonly close: () => void;
}

export function makeKubeApi({ url, ca, token }: { url: string; ca: string; token: string }): KubeApi {
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 16 });
  const ask: KubeApi['request'] = (method, path, body, contentType = 'application/json') =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? '' : Buffer.isBuffer(body) ? body : JSON.stringify(body);
      const headers = {
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text) }),
      };
      const sent = request(new URL(path, url), { method, agent, headers }, (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          answer += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: answer.startsWith('{') ? (JSON.parse(answer) as JsonObject) : { text: answer },
            warnings: readWarnings(response.headers),
          });
        });
      });
      sent.on('error', reject);
      sent.end(text);
    });
  const askOrThrow = async (...question: Parameters<typeof ask>): Promise<JsonObject> => {
    const { status, body } = await ask(...question);
    if (status >= 300) throw new Error(`${question[0]} ${question[1]}: ${status} ${String(body['message'])}`);
    return body;
  };
  return {
    request: ask,
    get: (path) => askOrThrow('GET', path),
    create: (path, body) => askOrThrow('POST', path, body),
    delete: (path) => askOrThrow('DELETE', path),
    merge: (path, body) => askOrThrow('PATCH', path, body, 'application/merge-patch+json'),
    storedBytes: (path) =>
      new Promise((resolve, reject) => {
        const headers = { Authorization: `Bearer ${token}`, Accept: 'application/vnd.kubernetes.protobuf' };
        const sent = request(new URL(path, url), { agent, headers }, (response) => {
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
          });
          response.on('error', reject);
          response.on('end', () => resolve(bytes));
        });
        sent.on('error', reject);
        sent.end();
      }),
    close: () => agent.destroy(),
  };
}

/** `299 - "text"`, joined by commas into one header: RFC 7234, section 5.5. */
function readWarnings(headers: IncomingHttpHeaders): readonly string[] {
  const header = headers['warning'] ?? '';
  return [...header.matchAll(/299 [^ ]+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}
