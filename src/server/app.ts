import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { Logger } from 'winston';
import type { Mode } from '../admission/answer.ts';
import type { Policy } from '../core/policy/policy.ts';
import { optOut } from '../core/policy/policy.ts';
import type { Subject, Tally, Terms } from './answerBody.ts';
import { answerBody, describeError } from './answerBody.ts';
import { makeByteBudget } from './byteBudget.ts';
import { cutText } from './cutText.ts';
import { HttpError } from './httpError.ts';
import type { LargeReviews } from './largeReviews.ts';
import type { Metrics } from './metrics.ts';
import type { PolicyHolder } from './policyHolder.ts';
import type { Body, BodyLimits } from './receiveBody.ts';
import { bodyLimits, receiveBody } from './receiveBody.ts';
import { awaitReader, sendFailure, sendJson } from './reply.ts';
import type { Failure } from './status.ts';
import type { Traffic } from './traffic.ts';
import { reviewsInFlight } from './traffic.ts';

export interface AppOptions {
  readonly holder: PolicyHolder;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly metrics: Metrics;
  readonly largeReviews: LargeReviews;
  /** Beyond so many requests at a time the answer is 503, so that none waits longer than the API server does. */
  readonly mostInFlight?: number;
  readonly limits?: Partial<BodyLimits>;
}

/** A review takes a fraction of a millisecond; a queue of so many is a server in trouble. */
const defaultMostInFlight = 512;

/** A policy's name is a DNS label of 63 characters; what is longer is quoted in part. */
const mostQuoted = 100;

type ReviewRequest = express.Request<{ policy: string }>;
type ReviewResponse = express.Response<unknown, { isReview?: true }>;

/** Makes the express application: reviews in, reviews out, and how the server is. Errors are a metav1.Status each. */
export function makeApp(options: AppOptions): express.Express {
  const { holder, logger, traffic, metrics, largeReviews, mostInFlight = defaultMostInFlight } = options;
  const limits = { ...bodyLimits, ...options.limits };
  const budgets = { small: makeByteBudget(limits.small), large: makeByteBudget(limits.large) };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);

  const receive = async (request: IncomingMessage): Promise<Body> => {
    traffic.receiving += 1;
    try {
      return await receiveBody(request, budgets, limits);
    } finally {
      traffic.receiving -= 1;
    }
  };
  const decide = async (body: Body, terms: Terms, request: IncomingMessage, response: ServerResponse) => {
    traffic.deciding += 1;
    try {
      if (body.holding === undefined) return answerBody(body.bytes, terms);
      const ending = new AbortController();
      response.once('close', () => ending.abort());
      return await largeReviews.answer(body, terms, request.socket.remoteAddress ?? '', ending.signal);
    } finally {
      traffic.deciding -= 1;
      if (body.holding !== undefined) budgets.large.release(body.holding);
    }
  };
  const reviewIn = (mode: Mode) => async (request: ReviewRequest, response: ReviewResponse) => {
    response.locals.isReview = true;
    const terms = termsOf(holder, request.params.policy, mode);
    requireJson(request);
    const body = await receive(request);
    const start = performance.now();
    // Large ones have a queue of their own.
    if (body.holding === undefined) makeRoom(traffic, mostInFlight);
    const outcome = await decide(body, terms, request, response);
    if ('failure' in outcome) {
      fail(outcome, request, response);
      return;
    }
    if (response.destroyed) return;
    traffic.unread.add(response);
    response.once('close', () => traffic.unread.delete(response));
    awaitReader(response);
    sendJson(response, 200, outcome.answer, traffic);
    const milliseconds = performance.now() - start;
    // No policy can be called so; what is in the path is anybody's.
    const policy = terms.policy?.name ?? optOut;
    metrics.countReview(policy, mode, outcome.tallies, milliseconds / 1000);
    logger.info('review', describeReview(outcome.subject, policy, mode, outcome.tallies, milliseconds));
  };
  const fail = (failed: Failed, request: IncomingMessage, response: ReviewResponse): void => {
    // A probe that hears 503 of a replica that is starting, or going, is no failure.
    if (response.locals.isReview === true) metrics.countFailure(failed.failure.status);
    logFailure(failed, request, logger);
    if (!response.headersSent && !response.destroyed) sendFailure(request, response, failed.failure, traffic);
  };
  const refuseMethod = (allowed: string, message: string) => (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('Allow', allowed);
    throw new HttpError(405, message);
  };
  // The two that are in a hurry come first: express asks its routes one after the other.
  for (const mode of ['enforce', 'preview'] as const) app.post(`/${mode}/:policy`, reviewIn(mode));
  app.all(['/enforce/:policy', '/preview/:policy'], refuseMethod('POST', 'reviews come by POST'));
  app.get('/healthz', (_request, response) => sendJson(response, 200, '{"status":"ok"}', traffic));
  app.get('/readyz', (_request, response) => {
    if (!traffic.isOpen) throw new HttpError(503, 'shutting down');
    if (holder.policies === undefined) throw new HttpError(503, 'no policies yet');
    if (holder.claimsKey === undefined) throw new HttpError(503, 'no key for claims yet');
    if (!holder.hasCertificate) throw new HttpError(503, 'no certificate yet');
    sendJson(response, 200, '{"status":"ok"}', traffic);
  });
  app.all(['/healthz', '/readyz'], refuseMethod('GET, HEAD', 'this is asked by GET'));
  app.use(() => {
    throw new HttpError(404, 'there are /enforce/<policy>, /preview/<policy>, /healthz and /readyz');
  });
  app.use((error: unknown, request: IncomingMessage, response: ReviewResponse, _next: express.NextFunction) => {
    fail(describeError(error), request, response);
  });
  return app;
}

/** What the log and the client get to know of a failure. */
interface Failed {
  readonly failure: Failure;
  readonly subject?: Subject | undefined;
  readonly error: string;
}

/** Where too many are in flight, an answer that nobody takes makes room for one that somebody waits for. */
function makeRoom(traffic: Traffic, most: number): void {
  if (reviewsInFlight(traffic) < most) return;
  const [oldest] = traffic.unread;
  if (oldest === undefined) throw new HttpError(503, 'too many requests at a time');
  traffic.unread.delete(oldest);
  oldest.destroy();
}

/** What is logged of a review: who and how much, nothing of what is in the pod. */
function describeReview(
  subject: Subject,
  policy: string,
  mode: Mode,
  tallies: readonly Tally[],
  milliseconds: number,
): object {
  const counts = { added: 0, kept: 0, withheld: 0, removed: 0 };
  for (const { action, count } of tallies) counts[action] += count;
  return { ...subject, policy, mode, ...counts, durationMs: Math.round(milliseconds * 1000) / 1000 };
}

function logFailure({ failure, subject, error }: Failed, request: IncomingMessage, logger: Logger): void {
  const { status } = failure;
  const path = request.url?.split('?')[0];
  const which = subject && {
    uid: subject.uid,
    namespace: subject.namespace,
    kind: subject.kind,
    name: subject.name,
  };
  if (status === 500) logger.error('fault', { path, status, ...which, error });
  else logger.warn('refused', { path, status, ...which, error });
}

function termsOf({ policies, claimsKey }: PolicyHolder, name: string, mode: Mode): Terms {
  if (policies === undefined) throw new HttpError(503, 'no policies yet');
  const policy = policies.get(name);
  if (policy === undefined && mode === 'enforce') throw noSuchPolicy(name, policies);
  return { mode, policy, policyNames: policy === undefined ? [...policies.keys()] : [], claimsKey };
}

function noSuchPolicy(name: string, policies: ReadonlyMap<string, Policy>): HttpError {
  // The path that namespaces get whose label names none of the policies.
  const problem =
    name === optOut
      ? "the namespace's label kube-harden.io/enforce names no policy"
      : `no policy is called ${JSON.stringify(cutText(name, mostQuoted))}`;
  return new HttpError(404, `${problem}: there are ${[...policies.keys()].join(', ')}`);
}

function requireJson({ headers }: IncomingMessage): void {
  const type = headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new HttpError(415, 'the body must be application/json');
}
