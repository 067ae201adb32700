import { createHmac, createPrivateKey, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Signer } from '../core/claims.ts';
import { claimsKeyBytes } from '../core/claims.ts';

/** The key by which replicas sign what they add to pods, and know it again. */
export interface ClaimsKey {
  /** At least `claimsKeyBytes` of them. */
  readonly bytes: Uint8Array;
  readonly signer: Signer;
}

export function makeClaimsKey(bytes: Uint8Array): ClaimsKey {
  const key = createSecretKey(bytes);
  const mac = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return {
    bytes,
    signer: {
      sign: (text) => mac(text).toString('base64url'),
      verify: (text, signature) => {
        const given = Buffer.from(signature, 'base64url');
        const right = mac(text);
        return given.length === right.length && timingSafeEqual(given, right);
      },
    },
  };
}

/**
 * The claims key that goes with a private key, for servers that share nothing else: whoever serves with the same
 * certificate has the same one.
 *
 * @param key in PEM
 */
export function deriveClaimsKey(key: string): ClaimsKey {
  const secret = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
  return makeClaimsKey(new Uint8Array(hkdfSync('sha256', secret, '', 'kube-harden.io/claim', claimsKeyBytes)));
}
