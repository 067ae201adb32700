import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestImage } from './buildImage.ts';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A registry on loopback that serves what tests put there, and misbehaves as they say. */
export interface FakeRegistry {
  /** Host and port. */
  readonly host: string;
  /** Method and path of each request, in their order, with what it was authorized by. */
  readonly requests: { readonly line: string; readonly authorization: string | undefined }[];
  readonly add: (name: string, tag: string, image: TestImage) => void;
  /** Answers a path in another way. */
  readonly answer: (path: string, respond: Respond) => void;
  /** What is asked first, whatever the path; where it says true, it has answered. */
  guard: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly stop: () => Promise<void>;
}

export async function startRegistry(): Promise<FakeRegistry> {
  const served = new Map<string, Respond>();
  const requests: FakeRegistry['requests'] = [];
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    requests.push({ line: `${request.method} ${request.url}`, authorization: request.headers.authorization });
    if (registry.guard(request, response)) return;
    const respond = served.get(path);
    if (respond === undefined) response.writeHead(404).end();
    else respond(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const registry: FakeRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    guard: () => false,
    add: (name, tag, { manifest, blobs }) => {
      for (const reference of [tag, manifest.digest])
        served.set(`/v2/${name}/manifests/${reference}`, send(manifest.bytes, manifest.mediaType));
      for (const { digest, bytes } of blobs) served.set(`/v2/${name}/blobs/${digest}`, send(bytes));
    },
    answer: (path, respond) => {
      served.set(path, respond);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return registry;
}

export function send(bytes: Buffer, type = 'application/octet-stream'): Respond {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length }).end(bytes);
  };
}
