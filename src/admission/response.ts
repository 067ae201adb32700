/** Every answer that kube-harden gives to an AdmissionReview: it fills in, it leaves alone; only what is too large it denies. */
import type { Patch } from '../core/json/patch.ts';
import { encodeJson } from './base64.ts';

/** Source: k8s.io/api admission/v1, `AdmissionResponse`. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  /** Why it is denied: the message comes to the person after the webhook's name. */
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly patchType?: 'JSONPatch';
  /** The RFC 6902 operations as JSON, in base64. */
  readonly patch?: string;
  readonly warnings?: readonly string[];
  /** The API server puts the webhook's name before each key. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
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

/** Denies an object that is too large to store. Source of code and reason: k8s.io/apimachinery, `NewRequestEntityTooLargeError`. */
export function deny(uid: string, message: string, { auditAnnotations }: Remarks): AdmissionReview {
  const status = { code: 413, reason: 'RequestEntityTooLarge', message };
  return review({ uid, allowed: false, status, auditAnnotations });
}

function review(response: AdmissionResponse): AdmissionReview {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}
