import type { Policy } from '../core/policy.ts';

/** The policies in use; none until they are loaded. The one thing that changes while the server runs. */
export interface PolicyHolder {
  policies: ReadonlyMap<string, Policy> | undefined;
}
