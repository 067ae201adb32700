import { expect } from 'chai';
import type { Mode } from '../../src/admission/answer.ts';
import type { Json } from '../../src/core/json/json.ts';
import type { Outcome } from '../../src/server/answerBody.ts';
import { answerBody } from '../../src/server/answerBody.ts';
import { builtInPolicy } from '../core/policies.ts';
import { readRecorded } from './client.ts';

// More than can be read in time may still be stored by the API server, so an error is no answer to it: under failurePolicy
// Ignore the pod would be admitted as it is.

const much = `[${'{},'.repeat(2_700_000)}{}]`;
const beginning = '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"d27a6b37-ccb9"';

function answerTo(text: string | Uint8Array<ArrayBuffer>, mode: Mode): Outcome {
  const terms = { mode, policy: builtInPolicy('hardened'), policyNames: [], claimsKey: undefined };
  return answerBody(typeof text === 'string' ? new TextEncoder().encode(text) : text, terms);
}

const nest = (depth: number): string => `${'{"f:a":'.repeat(depth)}{}${'}'.repeat(depth)}`;

/** The review of a pod that an API server has sent, with something put in. */
function reviewWith({ metadata = '', spec = '' }): string {
  const recorded = readRecorded('create-pod').replaceAll('"managedFields":', '"otherFields":');
  const withMetadata = recorded.replace(
    '"object":{"kind":"Pod","apiVersion":"v1","metadata":{',
    (all) => all + metadata,
  );
  return withMetadata.replace('"spec":{', (all) => all + spec);
}

function managed(fields: string): string {
  return `"managedFields":[{"manager":"x","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":${fields}}],`;
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

  for (const operation of ['enforce', 'preview'] as const) {
    it(`says so of a pod that is nested too deep as well: ${operation}`, () => {
      for (const text of [
        reviewWith({ spec: `"x":${nest(70)},` }),
        reviewWith({ spec: `"x":${nest(70)},"y":"${'y'.repeat(100_000)}",` }),
        reviewWith({ metadata: managed(nest(50_000)) }),
      ]) {
        const response = responseIn(answerTo(text, operation));
        expect(response, text.slice(0, 800)).to.deep.include({ allowed: operation === 'preview' });
        const tooDeep = 'kube-harden: the pod is nested deeper than kube-harden reads: make it flatter';
        if (operation === 'preview') expect(response).to.deep.include({ warnings: [tooDeep] });
        else expect(response).to.deep.include({ status: { code: 400, reason: 'BadRequest', message: tooDeep } });
      }
    });
  }

  it('denies a pod with text that is not UTF-8, which managed fields may have', () => {
    const [before = '', after = ''] = reviewWith({ metadata: managed('{"f:@":{}}') }).split('@');
    const body = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
    expect(responseIn(answerTo(new Uint8Array(body), 'enforce'))).to.deep.include({
      allowed: false,
      status: {
        code: 400,
        reason: 'BadRequest',
        message: 'kube-harden: the pod has text in it that is not UTF-8: write it anew',
      },
    });
  });

  it('is an error where no API server has sent it', () => {
    expect(responseIn(answerTo(much, 'enforce'))).to.include({ status: 413 });
  });
});

describe('managed fields, as deep as an API server takes them', () => {
  for (const depth of [70, 5000, 9990]) {
    it(`do not keep a pod from being hardened: ${depth} deep`, () => {
      const response = responseIn(answerTo(reviewWith({ metadata: managed(nest(depth)) }), 'enforce'));
      expect(response).to.include({ allowed: true, patchType: 'JSONPatch' });
    });
  }
});

describe('debug containers of a pod that is as full as can be stored', () => {
  it('are hardened', () => {
    const review = JSON.parse(readRecorded('update-pod-ephemeralcontainers')) as {
      request: { object: Pod; oldObject: Pod };
    };
    for (const container of review.request.object.spec.ephemeralContainers) delete container['securityContext'];
    const before = responseIn(answerTo(JSON.stringify(review), 'enforce'));
    expect(before).to.include({ allowed: true, patchType: 'JSONPatch' });
    for (const pod of [review.request.object, review.request.oldObject]) {
      pod.spec.containers[0] = { ...pod.spec.containers[0], args: Array.from({ length: 600_000 }, () => '') };
    }
    expect(responseIn(answerTo(JSON.stringify(review), 'enforce'))).to.deep.equal(before);
  });
});

interface Pod {
  spec: { containers: Record<string, Json>[]; ephemeralContainers: Record<string, Json>[] };
}
