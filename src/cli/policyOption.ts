import { Option } from 'commander';
import type { Policy } from '../core/policy/policy.ts';
import { builtInPolicies, loadPolicies, loadPolicyFile } from '../files/policies.ts';
import { UsageError } from './usageError.ts';

export function policyOption(): Option {
  return new Option('-p, --policy <NAME|FILE>', 'a built-in policy, or the file of your own').default('hardened');
}

/**
 * The policy that `-p` names. What ends like a manifest or has a slash in it is a file.
 *
 * @throws {UsageError} where there is no such policy, {PolicyFileError} where it is no good.
 */
export async function choosePolicy(nameOrFile: string): Promise<Policy> {
  if (/\.(yaml|yml|json)$|[/\\]/.test(nameOrFile)) {
    const [policy, second] = await loadPolicyFile(nameOrFile);
    if (policy === undefined || second !== undefined)
      throw new UsageError(`${nameOrFile}: has more than one policy in it`);
    return policy;
  }
  const builtIn = await loadPolicies(builtInPolicies);
  const policy = builtIn.get(nameOrFile);
  if (policy !== undefined) return policy;
  const known = [...builtIn.keys()].join(', ');
  throw new UsageError(
    `no built-in policy is called ${JSON.stringify(nameOrFile)}: there are ${known}; a file of your own is given by its path, such as ./mine.yaml`,
  );
}
