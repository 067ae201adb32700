import { expect } from 'chai';
import type { Mode } from '../../src/admission/answer.ts';
import type { Outcome } from '../../src/server/answerBody.ts';
import { answerBody } from '../../src/server/answerBody.ts';
import { builtInPolicy } from '../core/policies.ts';

// More than can be read in time may still be stored by the API server, so an error is no answer to it: under failurePolicy
// Ignore the pod would be admitted as it is.

const much = `[${'{},'.repeat(2_700_000)}{}]`;
const beginning = '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"d27a6b37-ccb9"';

function answerTo(text: string, mode: Mode): Outcome {
  const terms = { mode, policy: builtInPolicy('hardened'), policyNames: [], claimsKey: undefined };
  return answerBody(new TextEncoder().encode(text), terms);
}

function responseIn(outcome: Outcome): unknown {
  if (!('answer' in outcome)) return outcome.failure;
  return (JSON.parse(Buffer.from(outcome.answer).toString()) as { response: unknown }).response;
}

describe('a review in which there is too much to read', () => {
  const message = 'kube-harden: the pod has more values in it than kube-harden reads: make it smaller';

  it('denies the pod', () => {
    expect(responseIn(answerTo(`${beginning},"object":${much}}}`, 'enforce'))).to.deep.equal({
      uid: 'd27a6b37-ccb9',
      allowed: false,
      status: { code: 413, reason: 'RequestEntityTooLarge', message },
      auditAnnotations: { mode: 'enforce' },
    });
  });

  it('only warns in a preview', () => {
    expect(responseIn(answerTo(`${beginning},"object":${much}}}`, 'preview'))).to.deep.equal({
      uid: 'd27a6b37-ccb9',
      allowed: true,
      warnings: [message],
      auditAnnotations: { mode: 'preview' },
    });
  });

  it('is an error where no API server has sent it', () => {
    expect(responseIn(answerTo(much, 'enforce'))).to.include({ status: 413 });
  });
});
