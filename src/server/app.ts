import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { Logger } from 'winston';
import type { Mode } from '../admission/answer.ts';
import { answer } from '../admission/answer.ts';
import type { AdmissionRequest } from '../admission/review.ts';
import { ReviewError, readReview } from '../admission/review.ts';
import type { Decision } from '../core/decision.ts';
import type { Policy } from '../core/policy.ts';
import { readJson } from './body.ts';
import { HttpError } from './httpError.ts';
import type { PolicyHolder } from './policyHolder.ts';

export interface AppOptions {
  readonly holder: PolicyHolder;
  readonly logger: Logger;
  /** False once the server is shutting down: nobody should send it anything new. */
  readonly isOpen: () => boolean;
  /** Beyond so many requests at a time the answer is 503, so that none waits longer than the API server does. */
  readonly mostInFlight?: number;
}

/** A review takes a fraction of a millisecond; a queue of so many is a server in trouble. */
const defaultMostInFlight = 512;

/** Makes the express application: reviews in, reviews out, and how the server is. Errors are JSON of one line. */
export function makeApp({ holder, logger, isOpen, mostInFlight = defaultMostInFlight }: AppOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  let inFlight = 0;

  const reviewIn = (mode: Mode) => async (request: express.Request<{ policy: string }>, response: express.Response) => {
    if (inFlight >= mostInFlight) throw new HttpError(503, 'too many requests at a time');
    inFlight += 1;
    try {
      if (!isOpen()) response.setHeader('Connection', 'close');
      const policy = choosePolicy(holder, request.params.policy);
      requireJson(request);
      sendJson(response, 200, JSON.stringify(await review(request, policy, mode, logger)));
    } finally {
      inFlight -= 1;
    }
  };
  for (const mode of ['enforce', 'preview'] as const) {
    app.post(`/${mode}/:policy`, reviewIn(mode));
    app.all(`/${mode}/:policy`, (_request, response) => {
      response.setHeader('Allow', 'POST');
      throw new HttpError(405, 'reviews come by POST');
    });
  }
  app.get('/healthz', (_request, response) => sendJson(response, 200, '{"status":"ok"}'));
  app.get('/readyz', (_request, response) => {
    if (!isOpen()) throw new HttpError(503, 'shutting down');
    if (holder.policies === undefined) throw new HttpError(503, 'no policies yet');
    sendJson(response, 200, '{"status":"ok"}');
  });
  app.use(() => {
    throw new HttpError(404, 'there are /enforce/<policy>, /preview/<policy>, /healthz and /readyz');
  });
  app.use((error: unknown, request: IncomingMessage, response: ServerResponse, _next: express.NextFunction) =>
    sendError(error, request, response, logger),
  );
  return app;
}

async function review(request: IncomingMessage, policy: Policy, mode: Mode, logger: Logger): Promise<object> {
  const start = performance.now();
  const admission = readReview(await readJson(request));
  const answered = answer(admission, policy, mode);
  logger.info('review', describeReview(admission, policy, mode, answered.decisions, performance.now() - start));
  return answered.review;
}

/** What is logged of a review: who and how much, nothing of what is in the pod. */
function describeReview(
  { uid, namespace, kind, name, operation, resource }: AdmissionRequest,
  policy: Policy,
  mode: Mode,
  decisions: readonly Decision[],
  milliseconds: number,
): object {
  const counts = { added: 0, kept: 0, withheld: 0 };
  for (const { action } of decisions) counts[action] += 1;
  const durationMs = Math.round(milliseconds * 1000) / 1000;
  return { uid, namespace, kind, name, operation, resource, policy: policy.name, mode, ...counts, durationMs };
}

function choosePolicy({ policies }: PolicyHolder, name: string): Policy {
  if (policies === undefined) throw new HttpError(503, 'no policies yet');
  const policy = policies.get(name);
  if (policy !== undefined) return policy;
  throw new HttpError(404, `no policy is called ${JSON.stringify(name)}: there are ${[...policies.keys()].join(', ')}`);
}

function requireJson({ headers }: IncomingMessage): void {
  const type = headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new HttpError(415, 'the body must be application/json');
}

function sendJson(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) });
  response.end(json);
}

function sendError(error: unknown, request: IncomingMessage, response: ServerResponse, logger: Logger): void {
  const { status, message } = toHttp(error);
  const path = request.url?.split('?')[0];
  if (status === 500) {
    logger.error('fault', { path, status, error: error instanceof Error ? error.stack : String(error) });
  } else {
    logger.warn('refused', { path, status, error: message });
  }
  if (response.headersSent || response.destroyed) return;
  // What is left of a body that was not read cannot be told from the next request.
  if (!request.complete) response.setHeader('Connection', 'close');
  sendJson(response, status, JSON.stringify({ error: message }));
}

function toHttp(error: unknown): { status: number; message: string } {
  if (error instanceof HttpError) return error;
  if (error instanceof ReviewError) return { status: 400, message: error.message };
  // Express refuses a path that is no UTF-8 with an error of its own.
  if (error instanceof URIError) return { status: 400, message: 'the path is not UTF-8' };
  return { status: 500, message: 'a fault in kube-harden; its log says more' };
}
