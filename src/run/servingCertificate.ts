import type { Logger } from 'winston';
import type { AuthorityKeeper } from '../cluster/keepAuthority.ts';
import type { Certificate, CertificateFiles } from '../server/certificateFiles.ts';
import { watchCertificate } from '../server/certificateFiles.ts';

/** Where a replica's certificate comes from: from files that somebody gives, or from a CA of kube-harden's own. */
export interface ServingCertificate {
  /** What the API server has to trust, in PEM; undefined while no replica could be trusted by it. */
  readonly caBundle: () => string | undefined;
  /**
   * One round of upkeep.
   *
   * @param isLeader whether this replica is the one that writes
   * @param trustedSince since when the API server trusts a bundle, in milliseconds since 1970; undefined where it does not
   */
  readonly keep: (isLeader: boolean, trustedSince: (bundle: string) => number | undefined) => Promise<void>;
  readonly stop: () => void;
}

/** A certificate from files, which are somebody else's to renew. */
export interface GivenCertificate {
  readonly files: CertificateFiles;
  readonly certificate: Certificate;
}

/** Follows the files of a given certificate, and its CA's. */
export function serveGiven(
  { files, certificate }: GivenCertificate,
  onChange: (certificate: Certificate) => void,
  logger: Logger,
): ServingCertificate {
  let { ca } = certificate;
  const stop = watchCertificate(
    files,
    certificate,
    (next) => {
      ca = next.ca;
      onChange(next);
    },
    logger,
  );
  return { caBundle: () => ca, keep: async () => {}, stop };
}

/** Issues this replica's certificate by the CA that all replicas share. */
export function serveIssued(authority: AuthorityKeeper): ServingCertificate {
  return {
    caBundle: authority.bundle,
    keep: async (isLeader, trustedSince) => {
      if (isLeader) await authority.keepSecret(trustedSince);
      await authority.keepCertificate();
    },
    stop: () => {},
  };
}
