import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import jsonPatch from 'fast-json-patch';
import { parseAllDocuments } from 'yaml';
import { harden, isRefusal } from '../../src/core/harden.ts';
import type { Json } from '../../src/core/json/json.ts';
import { isJsonObject } from '../../src/core/json/json.ts';
import { isPolicyDocument } from '../../src/core/policy/policy.ts';
import { describe as sentence } from '../../src/core/sentences.ts';
import { builtInPolicy, readPolicy } from './policies.ts';

export const fixtures = join(import.meta.dirname, '../fixtures');

const hardened = builtInPolicy('hardened');

/** What a fixture gives and what comes of it. */
export interface Fixture {
  /** Undefined where it is the built-in `hardened`. */
  readonly policy: Json | undefined;
  /** What kube-harden has proved to have added to the pod before. */
  readonly claim: Json | undefined;
  readonly pod: Json;
  /** The sentences of the fixture's own rule. */
  readonly decisions: readonly string[];
  /** The whole pod that comes out. */
  readonly hardened: Json;
}

/** The names of a rule's fixtures. */
export function fixtureNames(rule: string): readonly string[] {
  return readdirSync(join(fixtures, rule))
    .filter((name) => name.endsWith('.input.yaml'))
    .map((name) => name.replace('.input.yaml', ''));
}

/** Hardens a fixture's pod. Before the pod, a fixture may have a policy and what kube-harden has proved to have added. */
export function hardenFixture(rule: string, name: string): Fixture {
  const text = readFileSync(join(fixtures, rule, `${name}.input.yaml`), 'utf8');
  if (text.startsWith('TO WRITE')) throw new Error(`test/fixtures/${rule}/${name}.input.yaml: is still to be written`);
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Json);
  const policy = documents.find(isPolicyDocument);
  const claim = documents.find(isClaim);
  const pod = documents.find((document) => document !== policy && document !== claim) ?? null;
  const answer = harden(pod, policy === undefined ? hardened : readPolicy(policy), claim?.added ?? []);
  if (isRefusal(answer)) throw new Error(`test/fixtures/${rule}/${name}.input.yaml: ${answer.refusal}`);
  const copy = structuredClone(pod);
  const result = jsonPatch.applyPatch(copy, [...answer.patch] as jsonPatch.Operation[], true).newDocument;
  const decisions = answer.decisions.filter((decision) => decision.rule === rule).map(sentence);
  return { policy, claim, pod, decisions, hardened: result };
}

function isClaim(document: Json): document is { readonly added: readonly { name: string; value: Json }[] } {
  return isJsonObject(document) && 'added' in document;
}
