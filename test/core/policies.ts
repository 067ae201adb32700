import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Policy } from '../../src/core/policy/policy.ts';
import { parsePolicy } from '../../src/core/policy/policy.ts';

/** @throws where the document is no good policy */
export function readPolicy(document: Json): Policy {
  const parsed = parsePolicy(document);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.policy;
}

export function makePolicy(spec: JsonObject): Policy {
  return readPolicy({
    apiVersion: 'kube-harden.io/v1alpha1',
    kind: 'HardeningPolicy',
    metadata: { name: 'test' },
    spec,
  });
}

export function builtInPolicy(name: 'minimal' | 'restricted' | 'hardened'): Policy {
  return readPolicy(parse(readFileSync(join(import.meta.dirname, `../../policies/${name}.yaml`), 'utf8')) as Json);
}
