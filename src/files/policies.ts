import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlainError } from '../core/plainError.ts';
import type { Policy } from '../core/policy/policy.ts';
import { parsePolicy } from '../core/policy/policy.ts';
import type { PolicyProblem } from '../core/policy/policyProblem.ts';
import type { ManifestDocument } from '../manifest/readManifest.ts';
import { lineOf, ManifestError, readManifest } from '../manifest/readManifest.ts';
import { describeFileError } from './fileError.ts';
import { isManifestName } from './manifests.ts';

/** A policy that cannot be used; the message is one line: file, line, path, what is wrong. */
export class PolicyFileError extends PlainError {
  override name = 'PolicyFileError';
}

/** Where the built-in policies are, beside the sources as beside the compiled program. */
export const builtInPolicies = join(import.meta.dirname, '../../policies');

/**
 * Reads every policy of a directory's YAML and JSON files, by name.
 *
 * @throws {PolicyFileError} where one of them is no good, or where the directory has none.
 */
export async function loadPolicies(directory: string): Promise<ReadonlyMap<string, Policy>> {
  const names = await orPolicyFileError(directory, readdir(directory));
  const policies = new Map<string, Policy>();
  const files = new Map<string, string>();
  for (const name of names.filter(isManifestName).sort()) {
    const file = join(directory, name);
    for (const policy of await loadPolicyFile(file)) {
      if (policies.has(policy.name))
        throw new PolicyFileError(`${file}: policy ${policy.name} is already in ${files.get(policy.name)}`);
      policies.set(policy.name, policy);
      files.set(policy.name, file);
    }
  }
  if (policies.size === 0) throw new PolicyFileError(`${directory}: has no policies (*.yaml, *.yml or *.json)`);
  return policies;
}

/**
 * Reads the policies of one file.
 *
 * @throws {PolicyFileError}
 */
export async function loadPolicyFile(file: string): Promise<readonly Policy[]> {
  const text = await orPolicyFileError(file, readFile(file, 'utf8'));
  const policies = readDocuments(text, file).map((document) => readPolicy(document, file));
  if (policies.length === 0) throw new PolicyFileError(`${file}: has no policy in it`);
  return policies;
}

function readDocuments(text: string, file: string): readonly ManifestDocument[] {
  try {
    return readManifest(text, file);
  } catch (error) {
    if (error instanceof ManifestError) throw new PolicyFileError(error.message);
    throw error;
  }
}

function readPolicy(document: ManifestDocument, file: string): Policy {
  const parsed = parsePolicy(document.value);
  if ('policy' in parsed) return parsed.policy;
  throw new PolicyFileError(describeProblems(parsed.problems, document, file));
}

function describeProblems(problems: readonly PolicyProblem[], document: ManifestDocument, file: string): string {
  const [first, ...others] = problems;
  if (first === undefined) return `${file}: is no good`;
  const path = first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  const rest = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `${file}:${lineOf(document, first.path)}: ${path}${first.message}${rest}`;
}

async function orPolicyFileError<Value>(file: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (error) {
    throw new PolicyFileError(describeFileError(file, error));
  }
}
