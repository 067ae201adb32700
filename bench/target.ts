/**
 * A server to measure, in a process of its own: `kube-harden`, or one of the two references. `constant` reads the body
 * and answers the same bytes each time; `parse` parses the body and serialises an answer of the same size: the parse
 * limit, which nothing that reads JSON with JSON.parse can pass.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { answer } from '../src/admission/answer.ts';
import { readReview } from '../src/admission/review.ts';
import { makeThrowawayCertificate } from '../src/certificates/throwawayCertificate.ts';
import type { Json } from '../src/core/json/json.ts';
import { builtInPolicies, loadPolicies } from '../src/files/policies.ts';
import { deriveClaimsKey } from '../src/server/claimsKey.ts';
import { makeLogger } from '../src/server/logger.ts';
import { serveMetrics } from '../src/server/serveMetrics.ts';
import { startServer } from '../src/server/startServer.ts';
import { makeTraffic } from '../src/server/traffic.ts';
import { makeReview } from './reviews.ts';

const [, , kind = '', kilobytes = '6'] = process.argv;
const certificate = await makeThrowawayCertificate();
const policies = await loadPolicies(builtInPolicies);

function exampleAnswer(): object {
  const policy = policies.get('hardened');
  if (policy === undefined) throw new Error('the built-in policies lack hardened');
  return answer(readReview(JSON.parse(makeReview(Number(kilobytes))) as Json), policy, 'enforce').review;
}

async function startReference(reply: (body: Buffer) => string): Promise<number> {
  const server = createServer(certificate, (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const json = reply(Buffer.concat(chunks));
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) });
      response.end(json);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function startKind(): Promise<number> {
  const review = exampleAnswer();
  const constant = JSON.stringify(review);
  if (kind === 'constant') return startReference(() => constant);
  if (kind === 'parse') {
    return startReference((body) => {
      JSON.parse(body.toString('utf8'));
      return JSON.stringify(review);
    });
  }
  // Standard output, as in earnest; the benchmark has connected it to /dev/null.
  const logger = makeLogger(process.stdout, 'info');
  const traffic = makeTraffic();
  const holder = { policies, hasCertificate: true, claimsKey: deriveClaimsKey(certificate.key) };
  const metrics = await serveMetrics({ port: 0, host: '127.0.0.1' }, traffic, logger);
  return (
    await startServer({ port: 0, host: '127.0.0.1', certificate, holder, logger, traffic, metrics, isWarm: true })
  ).port;
}

process.on('message', () => process.send?.({ residentBytes: process.memoryUsage.rss() }));
process.on('SIGINT', () => process.exit(0));
process.send?.({ port: await startKind(), ca: certificate.ca });
