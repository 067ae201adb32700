import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';

/** The parts of an AdmissionReview's request that deciding needs. Source: k8s.io/api admission/v1, `AdmissionRequest`. */
export interface AdmissionRequest {
  readonly uid: string;
  /** `v1/pods`, `apps/v1/deployments`, with the subresource behind it: `v1/pods/ephemeralcontainers`. */
  readonly resource: string;
  readonly operation: string;
  readonly namespace: string | undefined;
  readonly kind: string;
  /** The object's name, or its `generateName` with a `*` behind it: pods of a ReplicaSet have no name yet. */
  readonly name: string | undefined;
  readonly username: string | undefined;
  /** Whether nothing of it is kept. */
  readonly isDryRun: boolean;
  readonly object: Json;
  readonly oldObject: Json;
  /** How large the review is as JSON, where that is known; the object in it is smaller. */
  readonly bytes?: number | undefined;
}

/** A body that is no AdmissionReview of a version that kube-harden speaks; the message is one line. */
export class ReviewError extends Error {
  override name = 'ReviewError';
}

const apiVersion = 'admission.k8s.io/v1';

/** The API server makes UUIDs, of 36 characters. The answer repeats it, so it must not be of any length. */
const longestUid = 256;

/**
 * @param bytes the body's length, where it is known
 * @throws {ReviewError}
 */
export function readReview(body: Json, bytes?: number): AdmissionRequest {
  if (!isJsonObject(body)) throw new ReviewError('the body must be an AdmissionReview object');
  if (body['kind'] !== 'AdmissionReview' || body['apiVersion'] !== apiVersion) {
    throw new ReviewError(`the body must be an AdmissionReview of ${apiVersion}`);
  }
  const { request } = body;
  if (!isJsonObject(request)) throw new ReviewError('the AdmissionReview has no request');
  const { uid, operation, object = null, oldObject = null } = request;
  if (typeof uid !== 'string' || uid === '') throw new ReviewError('request.uid must be a string that is not empty');
  if (uid.length > longestUid) throw new ReviewError(`request.uid has more than ${longestUid} characters`);
  if (typeof operation !== 'string') throw new ReviewError('request.operation must be a string');
  return {
    uid,
    resource: readResource(request),
    operation,
    namespace: textOf(request['namespace']),
    kind: (isJsonObject(request['kind']) ? textOf(request['kind']['kind']) : undefined) ?? '',
    name: textOf(request['name']) ?? generatedName(object),
    username: isJsonObject(request['userInfo']) ? textOf(request['userInfo']['username']) : undefined,
    isDryRun: request['dryRun'] === true,
    object,
    oldObject,
    bytes,
  };
}

function readResource({ resource, subResource }: JsonObject): string {
  if (!isJsonObject(resource)) throw new ReviewError('request.resource must be an object');
  const parts = [resource['group'], resource['version'], resource['resource'], subResource];
  return parts.filter((part) => typeof part === 'string' && part !== '').join('/');
}

function generatedName(object: Json): string | undefined {
  const metadata = isJsonObject(object) ? object['metadata'] : undefined;
  if (!isJsonObject(metadata)) return undefined;
  const generateName = textOf(metadata['generateName']);
  return textOf(metadata['name']) ?? (generateName === undefined ? undefined : `${generateName}*`);
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
