import type { Policy } from '../core/policy/policy.ts';
import type { ClaimsKey } from './claimsKey.ts';

/** What the server answers by. The one thing that changes while it runs. */
export interface PolicyHolder {
  /** None until they are loaded. */
  policies: ReadonlyMap<string, Policy> | undefined;
  /** Whether the API server trusts the certificate in use. */
  hasCertificate: boolean;
  /** None until it is read: then nothing is claimed, and the server is not ready. */
  claimsKey: ClaimsKey | undefined;
}
