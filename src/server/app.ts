import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { Logger } from 'winston';
import type { Claiming, Mode } from '../admission/answer.ts';
import { answer, answerWithoutPolicy } from '../admission/answer.ts';
import type { AdmissionRequest } from '../admission/review.ts';
import { readReview } from '../admission/review.ts';
import type { Decision } from '../core/decisions/decision.ts';
import type { Policy } from '../core/policy/policy.ts';
import { optOut } from '../core/policy/policy.ts';
import { readJson } from './body.ts';
import { HttpError } from './httpError.ts';
import type { Metrics } from './metrics.ts';
import type { PolicyHolder } from './policyHolder.ts';
import { sendFailure, sendJson, toFailure } from './reply.ts';
import type { Traffic } from './traffic.ts';

export interface AppOptions {
  readonly holder: PolicyHolder;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly metrics: Metrics;
  /** Beyond so many requests at a time the answer is 503, so that none waits longer than the API server does. */
  readonly mostInFlight?: number;
}

/** A review takes a fraction of a millisecond; a queue of so many is a server in trouble. */
const defaultMostInFlight = 512;

type ReviewResponse = express.Response<unknown, { isReview?: true; admission?: AdmissionRequest }>;

/** Makes the express application: reviews in, reviews out, and how the server is. Errors are JSON of one line. */
export function makeApp(options: AppOptions): express.Express {
  const { holder, logger, traffic, metrics, mostInFlight = defaultMostInFlight } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);

  const reviewIn = (mode: Mode) => async (request: express.Request<{ policy: string }>, response: ReviewResponse) => {
    response.locals.isReview = true;
    if (traffic.reviews >= mostInFlight) throw new HttpError(503, 'too many requests at a time');
    traffic.reviews += 1;
    response.once('close', () => {
      traffic.reviews -= 1;
    });
    const policies = policiesOf(holder);
    const policy = policies.get(request.params.policy);
    if (policy === undefined && mode === 'enforce') throw noSuchPolicy(request.params.policy, policies);
    requireJson(request);
    const start = performance.now();
    const admission = readReview(await readJson(request, traffic));
    response.locals.admission = admission;
    const { review, decisions } =
      policy === undefined
        ? answerWithoutPolicy(admission, [...policies.keys()])
        : answer(admission, policy, mode, claimingBy(holder));
    sendJson(response, 200, JSON.stringify(review), traffic);
    const milliseconds = performance.now() - start;
    // No policy can be called so; what is in the path is anybody's.
    const name = policy?.name ?? optOut;
    metrics.countReview(name, mode, decisions, milliseconds / 1000);
    logger.info('review', describeReview(admission, name, mode, decisions, milliseconds));
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
    const failure = toFailure(error);
    // A probe that hears 503 of a replica that is starting, or going, is no failure.
    if (response.locals.isReview === true) metrics.countFailure(failure.status);
    logFailure(error, failure.status, request, response.locals.admission, logger);
    if (!response.headersSent && !response.destroyed) sendFailure(request, response, failure, traffic);
  });
  return app;
}

/** What is logged of a review: who and how much, nothing of what is in the pod. */
function describeReview(
  { uid, namespace, kind, name, operation, resource }: AdmissionRequest,
  policy: string,
  mode: Mode,
  decisions: readonly Decision[],
  milliseconds: number,
): object {
  const counts = { added: 0, kept: 0, withheld: 0, removed: 0 };
  for (const { action } of decisions) counts[action] += 1;
  const durationMs = Math.round(milliseconds * 1000) / 1000;
  return { uid, namespace, kind, name, operation, resource, policy, mode, ...counts, durationMs };
}

function logFailure(
  error: unknown,
  status: number,
  request: IncomingMessage,
  admission: AdmissionRequest | undefined,
  logger: Logger,
): void {
  const path = request.url?.split('?')[0];
  const which = admission && {
    uid: admission.uid,
    namespace: admission.namespace,
    kind: admission.kind,
    name: admission.name,
  };
  if (status === 500) {
    const stack = error instanceof Error ? error.stack : String(error);
    logger.error('fault', { path, status, ...which, error: stack });
  } else {
    logger.warn('refused', { path, status, ...which, error: error instanceof Error ? error.message : String(error) });
  }
}

function policiesOf({ policies }: PolicyHolder): ReadonlyMap<string, Policy> {
  if (policies === undefined) throw new HttpError(503, 'no policies yet');
  return policies;
}

function claimingBy({ claimsKey }: PolicyHolder): Claiming | undefined {
  return claimsKey && { signer: claimsKey.signer, now: Math.floor(Date.now() / 1000) };
}

function noSuchPolicy(name: string, policies: ReadonlyMap<string, Policy>): HttpError {
  return new HttpError(
    404,
    `no policy is called ${JSON.stringify(name)}: there are ${[...policies.keys()].join(', ')}`,
  );
}

function requireJson({ headers }: IncomingMessage): void {
  const type = headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new HttpError(415, 'the body must be application/json');
}
