/**
 * What kube-harden says about its own work on a pod, so that a second call can tell its own defaults from an author's
 * settings: the API server calls once more when another webhook changed the pod in between, and debug containers come
 * to a pod that was hardened long ago.
 *
 * Anybody can write annotations. So what was added, with its values, the namespace and the time, is signed by a key that
 * no pod's author can read, and counts for a minute only: around now for a new pod, around its creation for one that is
 * there. Without a valid signature a field is its author's.
 */
import type { Decision } from './decisions/decision.ts';
import { fieldName } from './decisions/fieldName.ts';
import type { Json, JsonObject } from './json/json.ts';
import { isJsonObject } from './json/json.ts';
import type { Addition } from './json/operations.ts';
import { utf8Length } from './json/utf8.ts';
import { addedAnnotation, claimAnnotation, policyAnnotation } from './pod/annotations.ts';

/** A field that kube-harden has added, and the value that it gave it. */
export interface ClaimedField {
  /** The full name. */
  readonly name: string;
  readonly value: Json;
}

/** Signs texts, and knows signatures again: by a key that all replicas share. */
export interface Signer {
  readonly sign: (text: string) => string;
  readonly verify: (text: string, signature: string) => boolean;
}

/** What a claim is bound to besides the pod's own fields. */
export interface ClaimContext {
  readonly signer: Signer;
  readonly namespace: string;
  /** Seconds since 1970: now, or when the pod was created. */
  readonly around: number;
  /** Whether nothing of the request is kept: what comes of it proves nothing about a pod that is. */
  readonly isDryRun: boolean;
  /** Whether the pod is being created: then a claim has to be of this very creation. */
  readonly isCreation: boolean;
}

/** The length of the key that a claim is signed by, as long as what SHA-256 makes: RFC 2104, section 3. */
export const claimsKeyBytes = 32;

/** An admission is over after at most 30 seconds, and replicas' clocks differ: so long a claim is good, either way. */
const secondsGood = 60;

/** Source: k8s.io/apimachinery pkg/api/validation, `TotalAnnotationSizeLimitB`. */
const mostAnnotationBytes = 256 * 1024;

/** The form of the signed text, so that another one can follow. */
const version = 'v1';

/** The fields that a pod proves kube-harden to have added; none where the claim is missing, forged or out of its time. */
export function readClaim(pod: JsonObject, context: ClaimContext): readonly ClaimedField[] {
  const { signer, around, isCreation } = context;
  const { [claimAnnotation]: claim, [addedAnnotation]: added } = annotationsOf(pod);
  if (typeof claim !== 'string' || typeof added !== 'string') return [];
  // The API server refuses the pod later on.
  if (claim.length + added.length > mostAnnotationBytes) return [];
  const [form = '', signature = '', ...rest] = claim.split('.');
  const payload = rest.join('.');
  // First the signature: whatever has a good one was made below, and needs no further care.
  if (form !== version || !signer.verify(signedText(pod, context, added, payload), signature)) return [];
  const names = JSON.parse(added) as readonly string[];
  const { at, writers, values } = JSON.parse(payload) as Payload;
  if (Math.abs(at - around) > secondsGood || (isCreation && writers !== writersOf(pod))) return [];
  return names.map((name, index) => ({ name, value: values[index] ?? null }));
}

interface Payload {
  readonly at: number;
  /** Who had written the pod's fields, and when, as the API server notes at the start of each creation. */
  readonly writers: string;
  /** Those of the fields in the other annotation, in the same order. */
  readonly values: readonly Json[];
}

/**
 * The annotations to write after something was added or removed; `undefined` where the pod has no room left for them.
 *
 * @param context none where there is nobody to sign: then what was added is told, and not claimed.
 */
export function makeAnnotations(
  pod: JsonObject,
  policy: string,
  decisions: readonly Decision[],
  context: ClaimContext | undefined,
): readonly Addition[] | undefined {
  const own = ownFields(decisions);
  const added = JSON.stringify(own.map(({ name }) => name));
  const written: [string, string][] = [
    [policyAnnotation, policy],
    [addedAnnotation, added],
  ];
  if (context !== undefined) written.push([claimAnnotation, makeClaim(pod, added, own, context)]);
  const annotations = annotationsOf(pod);
  if (!fits(annotations, new Map(written))) return undefined;
  return written
    .filter(([key, value]) => annotations[key] !== value)
    .map(([key, value]) => ({ path: ['metadata', 'annotations', key], value }));
}

function makeClaim(pod: JsonObject, added: string, own: readonly ClaimedField[], context: ClaimContext): string {
  const payload: Payload = { at: context.around, writers: writersOf(pod), values: own.map(({ value }) => value) };
  const text = JSON.stringify(payload);
  return `${version}.${context.signer.sign(signedText(pod, context, added, text))}.${text}`;
}

/** As many as a pod has that is created; what is beyond, somebody has made up. */
const mostWriters = 8;

/** A pod that is created anew from what came of another creation has another one. */
function writersOf(pod: JsonObject): string {
  const { managedFields = null } = isJsonObject(pod['metadata']) ? pod['metadata'] : {};
  if (!Array.isArray(managedFields)) return '';
  const written = (managedFields as readonly Json[])
    .slice(0, mostWriters)
    .map((entry) => (isJsonObject(entry) ? `${entry['manager']} ${entry['time']}` : ''));
  return written.join(', ').slice(0, longestWriters);
}

/** Managers have names of up to 128 characters: k8s.io/apimachinery pkg/apis/meta/v1/validation. */
const longestWriters = 512;

/** One line each, since neither JSON nor what is made here has line breaks. */
function signedText(pod: JsonObject, { namespace, isDryRun }: ClaimContext, added: string, payload: string): string {
  const { generateName = null, name = null } = isJsonObject(pod['metadata']) ? pod['metadata'] : {};
  // Who is created by a controller gets a name only after the first call.
  return [version, JSON.stringify([namespace, generateName ?? name, isDryRun]), added, payload].join('\n');
}

/** The fields that kube-harden added, now or earlier in the same admission. */
export function ownFields(decisions: readonly Decision[]): readonly ClaimedField[] {
  return decisions.filter(isOwnWork).map((decision) => ({ name: fieldName(decision), value: decision.value ?? null }));
}

function isOwnWork(decision: Decision): decision is Extract<Decision, { action: 'added' | 'kept' }> {
  return decision.action === 'added' || (decision.action === 'kept' && decision.reason === 'addedBefore');
}

/** The policy that hardened a pod before, as its annotation says, which proves nothing. */
export function policyBefore(pod: JsonObject): string | null {
  const { [policyAnnotation]: policy } = annotationsOf(pod);
  return typeof policy === 'string' ? policy : null;
}

/** The names of the fields that kube-harden added before, as a pod's annotation says, which proves nothing. */
export function addedBefore(pod: JsonObject): readonly string[] {
  const { [addedAnnotation]: added } = annotationsOf(pod);
  const names = typeof added === 'string' ? parseJson(added) : undefined;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** Whether annotations have room for others that are written to them, in place of those that are called the same. */
function fits(annotations: JsonObject, written: ReadonlyMap<string, string>): boolean {
  let bytes = 0;
  for (const [key, value] of written) bytes += utf8Length(key) + utf8Length(value);
  for (const key in annotations) {
    if (!Object.hasOwn(annotations, key) || written.has(key)) continue;
    bytes += utf8Length(key) + utf8Length(String(annotations[key]));
    if (bytes > mostAnnotationBytes) return false;
  }
  return bytes <= mostAnnotationBytes;
}

function annotationsOf(pod: JsonObject): JsonObject {
  const annotations = isJsonObject(pod['metadata']) ? pod['metadata']['annotations'] : undefined;
  return isJsonObject(annotations) ? annotations : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
