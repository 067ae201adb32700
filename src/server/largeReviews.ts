import { extname, join } from 'node:path';
import type { TransferListItem } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'winston';
import type { Policy } from '../core/policy/policy.ts';
import type { Outcome, Terms } from './answerBody.ts';
import type { Holding } from './byteBudget.ts';
import type { Body } from './receiveBody.ts';
import type { ThreadRequest } from './reviewThread.ts';
import type { Failure } from './status.ts';
import { makeTurns } from './turns.ts';

/** Beside this file, as it is written or compiled. */
const threadFile = join(import.meta.dirname, `reviewThread${extname(import.meta.filename)}`);

export interface ThreadLimits {
  /** For an answer. */
  readonly milliseconds: number;
  /** After the last answer, until a thread that has grown makes place for a new one. */
  readonly idleMilliseconds: number;
  /** In MiB. */
  readonly heap: { readonly maxOldGenerationSizeMb: number; readonly maxYoungGenerationSizeMb: number };
}

const defaults: ThreadLimits = {
  // Some ten times what the worst pod that can be stored takes on a core of its own; the API server's patience ends first.
  milliseconds: 4000,
  idleMilliseconds: 5000,
  // Besides the body's bytes and its text. What may be parsed at all fits in: the worst that was measured, a million and
  // a half of empty objects, made the process grow by 180 MB, body and text included.
  heap: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 },
};

/** What a thread has grown for; V8 gives little of its memory back. */
const bytesToGrow = 1024 * 1024;

/** More would wait for longer than the API server does. */
const mostWaiting = 64;

/** How many policies the thread keeps; each is sent once, as it was written. */
const mostPoliciesSent = 32;

export interface LargeReviews {
  /**
   * Answers a large review when its turn comes. Of what goes wrong it makes a failure; it never throws.
   *
   * @param ending fires when nobody waits for the answer any more
   */
  readonly answer: (body: Body, terms: Terms, address: string, ending: AbortSignal) => Promise<Outcome>;
  /** Starts the thread before it is needed. */
  readonly warmUp: () => void;
  readonly close: () => Promise<void>;
}

interface Job {
  readonly address: string;
  readonly namespace: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly terms: Terms;
  readonly holding: Holding | undefined;
  readonly finish: (outcome: Outcome) => void;
}

/** A thread, what it works on, and which policies it has. */
interface Thread {
  readonly worker: Worker;
  readonly policies: Map<string, Policy>;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
  hasGrown: boolean;
  /** Why it has gone down, if it has. */
  error: string;
}

/**
 * Answers large reviews one after the other in a thread of their own: to parse the largest takes as long as a thousand
 * small ones, which must not wait for it. A thread that takes too long, or all its memory, is replaced; the process and
 * all other reviews go on.
 */
export function makeLargeReviews(logger: Logger, limits: Partial<ThreadLimits> = {}): LargeReviews {
  const { milliseconds, idleMilliseconds, heap } = { ...defaults, ...limits };
  const turns = makeTurns<Job>();
  let current: Thread | undefined;
  const ends = new Set<Promise<unknown>>();
  let idleTimer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function startThread(): Thread {
    const worker = new Worker(threadFile, { resourceLimits: heap, execArgv: [], stdin: false });
    const thread: Thread = {
      worker,
      policies: new Map(),
      job: undefined,
      timer: undefined,
      hasGrown: false,
      error: 'it has ended',
    };
    worker.on('message', (outcome: Outcome) => finish(thread, outcome));
    worker.on('error', (error) => {
      thread.error = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    worker.on('exit', () => {
      if (current === thread) current = undefined;
      finish(thread, fault(thread.error));
    });
    // What keeps the process alive is the server.
    worker.unref();
    return thread;
  }

  function finish(thread: Thread, outcome: Outcome): void {
    const { job, timer } = thread;
    thread.job = undefined;
    clearTimeout(timer);
    job?.finish(outcome);
    work();
  }

  function work(): void {
    if (isClosed || current?.job !== undefined) return;
    clearTimeout(idleTimer);
    const job = turns.next();
    if (job === undefined) {
      if (current?.hasGrown === true) idleTimer = setTimeout(renew, idleMilliseconds).unref();
      return;
    }
    current ??= startThread();
    const thread = current;
    thread.job = job;
    thread.hasGrown ||= job.body.byteLength > bytesToGrow;
    if (job.holding !== undefined) job.holding.drop = undefined;
    thread.timer = setTimeout(() => giveUp(thread), milliseconds);
    thread.worker.postMessage(makeRequest(job, thread), [job.body.buffer as unknown as TransferListItem]);
  }

  /** The thread may be deep in what cannot be broken off, so nobody waits for its end. */
  function giveUp(thread: Thread): void {
    const message = `no answer within ${milliseconds / 1000} seconds`;
    logger.error('thread given up', { error: message });
    end(thread);
    finish(thread, refusal({ status: 503, message }));
  }

  function renew(): void {
    if (current === undefined || isClosed) return;
    end(current);
    current = startThread();
  }

  function end(thread: Thread): void {
    if (current === thread) current = undefined;
    const ended = thread.worker.terminate();
    ends.add(ended);
    void ended.finally(() => ends.delete(ended));
  }

  function withdraw(job: Job, message: string): void {
    turns.remove(job);
    job.finish(refusal({ status: 503, message }));
  }

  function answer({ bytes, holding }: Body, terms: Terms, address: string, ending: AbortSignal): Promise<Outcome> {
    return new Promise((resolve) => {
      const namespace = namespaceIn(bytes);
      const job: Job = { address, namespace, body: bytes, terms, holding, finish: resolve };
      if (holding !== undefined) {
        holding.group = namespace;
        holding.drop = () => withdraw(job, 'too many bytes at a time');
      }
      ending.addEventListener('abort', () => withdraw(job, 'nobody waits for the answer'), { once: true });
      turns.add(job);
      const last = turns.size() > mostWaiting ? turns.last() : undefined;
      if (last !== undefined) withdraw(last, 'too many large reviews at a time');
      work();
    });
  }

  return {
    answer,
    warmUp: () => {
      current ??= startThread();
    },
    close: async () => {
      isClosed = true;
      clearTimeout(idleTimer);
      for (let job = turns.next(); job !== undefined; job = turns.next()) withdraw(job, 'shutting down');
      await Promise.all([...ends, current?.worker.terminate()]);
    },
  };
}

function makeRequest({ body, terms }: Job, { policies }: Thread): ThreadRequest {
  const { mode, policy, policyNames, claimsKey } = terms;
  const isKnown = policy === undefined || policies.get(policy.name) === policy;
  const forgetPolicies = !isKnown && policies.size >= mostPoliciesSent;
  if (forgetPolicies) policies.clear();
  if (policy !== undefined) policies.set(policy.name, policy);
  return {
    body,
    mode,
    policyNames,
    policyName: policy?.name,
    policyDocument: isKnown ? undefined : policy?.document,
    forgetPolicies,
    claimsKey: claimsKey?.bytes,
  };
}

/** The API server writes the namespace before the object, of which nothing is parsed yet. */
const bytesBeforeObject = 2048;

/** The namespace of a review, to take turns by; nothing is decided by it, so it may be wrong. */
function namespaceIn(body: Uint8Array<ArrayBuffer>): string {
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, bytesBeforeObject));
  return /,"namespace":"([^"\\]{1,63})"/.exec(start.toString('latin1'))?.[1] ?? '';
}

function refusal(failure: Failure): Outcome {
  return { failure, subject: undefined, error: failure.message };
}

function fault(error: string): Outcome {
  const failure = { status: 500, message: 'a fault in kube-harden; its log says more' };
  return { failure, subject: undefined, error: `the thread for large reviews: ${error}` };
}
