/**
 * Every answer that kube-harden gives to an AdmissionReview: it fills in, it leaves alone; only what it cannot read and
 * what is too large to store it denies.
 */
import type { Patch } from '../core/json/patch.ts';
import { encodeJson } from './base64.ts';

/** Source: k8s.io/api admission/v1, `AdmissionResponse`. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  /** Why it is denied: the message comes to the person after the webhook's name. */
  readonly status?: Denial;
  readonly patchType?: 'JSONPatch';
  /** The RFC 6902 operations as JSON, in base64. */
  readonly patch?: string;
  readonly warnings?: readonly string[];
  /** The API server puts the webhook's name before each key. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** The part of a metav1.Status that a denial needs. */
export interface Denial {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionReview {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: AdmissionResponse;
}

/** Admits the object as it is. */
export function allow(uid: string): AdmissionReview {
  return review({ uid, allowed: true });
}

/** What a review may carry besides its verdict. */
export interface Remarks {
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** Admits the object as it is and says something about it. */
export function remark(uid: string, { warnings, auditAnnotations }: Remarks): AdmissionReview {
  return review({ uid, allowed: true, ...(warnings.length > 0 && { warnings }), auditAnnotations });
}

/** Admits the object with a patch. An empty one is left out: patch and patchType go together or not at all. */
export function patched(uid: string, patch: Patch, { warnings, auditAnnotations }: Remarks): AdmissionReview {
  if (patch.length === 0) return remark(uid, { warnings, auditAnnotations });
  return review({
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch: encodeJson(JSON.stringify(patch)),
    ...(warnings.length > 0 && { warnings }),
    auditAnnotations,
  });
}

/** Source: k8s.io/apimachinery pkg/api/errors, `NewRequestEntityTooLargeError`. */
export const tooLargeToStore: Omit<Denial, 'message'> = { code: 413, reason: 'RequestEntityTooLarge' };

/** Source: k8s.io/apimachinery pkg/api/errors, `NewBadRequest`. */
export const badRequest: Omit<Denial, 'message'> = { code: 400, reason: 'BadRequest' };

/** Denies an object. */
export function deny(uid: string, status: Denial, { auditAnnotations }: Remarks): AdmissionReview {
  return review({ uid, allowed: false, status, auditAnnotations });
}

function review(response: AdmissionResponse): AdmissionReview {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}
