/**
 * The thread that answers large reviews: it reads and answers one after the other, as the server's own thread does with
 * small ones, and sends back the answer's bytes.
 */
import { parentPort } from 'node:worker_threads';
import type { Json } from '../core/json/json.ts';
import type { Policy } from '../core/policy/policy.ts';
import { parsePolicy } from '../core/policy/policy.ts';
import type { Outcome, Terms } from './answerBody.ts';
import { answerBody, describeError } from './answerBody.ts';
import { makeClaimsKey } from './claimsKey.ts';

/** What the thread is asked: plain data, since nothing else can be sent. */
export interface ThreadRequest extends Pick<Terms, 'mode' | 'policyNames'> {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly policyName: string | undefined;
  /** The policy as it was written, where it is not the one that was sent last under this name. */
  readonly policyDocument: Json | undefined;
  /** Whether policies that were sent before may go. */
  readonly forgetPolicies: boolean;
  readonly claimsKey: Uint8Array | undefined;
}

if (parentPort === null) throw new Error('this is for a worker thread');
const port = parentPort;

const policies = new Map<string, Policy>();

port.on('message', (request: ThreadRequest) => {
  const outcome = answerRequest(request);
  if (!('answer' in outcome) || typeof outcome.answer !== 'string') {
    port.postMessage(outcome);
    return;
  }
  const answer = new TextEncoder().encode(outcome.answer);
  port.postMessage({ ...outcome, answer }, [answer.buffer]);
});

function answerRequest(request: ThreadRequest): Outcome {
  const { body, mode, policyNames, claimsKey } = request;
  try {
    return answerBody(body, {
      mode,
      policy: recallPolicy(request),
      policyNames,
      claimsKey: claimsKey && makeClaimsKey(claimsKey),
    });
  } catch (error) {
    return { ...describeError(error), subject: undefined };
  }
}

function recallPolicy({ policyName, policyDocument, forgetPolicies }: ThreadRequest): Policy | undefined {
  if (forgetPolicies) policies.clear();
  if (policyName === undefined) return undefined;
  if (policyDocument !== undefined) {
    const parsed = parsePolicy(policyDocument);
    if ('problems' in parsed) throw new Error(`policy ${policyName} is good in one thread and not in the other`);
    policies.set(policyName, parsed.policy);
  }
  const policy = policies.get(policyName);
  if (policy === undefined) throw new Error(`policy ${policyName} has never come to this thread`);
  return policy;
}
