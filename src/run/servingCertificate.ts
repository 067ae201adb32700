import { validityOf } from '../certificates/moment.ts';
import type { UseTellerOptions } from '../cluster/certificateUse.ts';
import { makeUseTeller } from '../cluster/certificateUse.ts';
import type { AuthorityKeeper } from '../cluster/keepAuthority.ts';
import type { ConfigurationKeeper } from '../cluster/keepConfiguration.ts';
import type { Certificate, CertificateFiles } from '../server/certificateFiles.ts';
import { watchCertificate } from '../server/certificateFiles.ts';

type Trust = Pick<ConfigurationKeeper, 'publishes' | 'distrusts' | 'publish'>;

/** Where a replica's certificate comes from: from files that somebody gives, or from a CA of kube-harden's own. */
export interface ServingCertificate {
  /** What the API server has to trust, in PEM; undefined while no replica could be trusted by it. */
  readonly caBundle: () => string | undefined;
  /**
   * One round of upkeep, of each replica.
   *
   * @param configuration where the API server's trust is seen, and can be written
   */
  readonly keep: (configuration: Trust) => Promise<void>;
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
  options: UseTellerOptions,
): ServingCertificate {
  let { ca } = certificate;
  let validity = validityOf(certificate.cert);
  const tellUse = makeUseTeller(options);
  const stop = watchCertificate(
    files,
    certificate,
    (next) => {
      ca = next.ca;
      validity = validityOf(next.cert);
      onChange(next);
    },
    options.logger,
  );
  return { caBundle: () => ca, keep: async () => tellUse(validity), stop };
}

/** Issues this replica's certificate by the CA that all replicas share. */
export function serveIssued(authority: AuthorityKeeper): ServingCertificate {
  let published = '';

  /**
   * Where the API server does not trust the CA at all, each replica tells it, since the one that leads may be dead and
   * pods are refused. Once for each CA: where somebody insists on another one, that is the leader's quarrel.
   */
  async function publish(configuration: Trust): Promise<void> {
    const missing = (): ReturnType<AuthorityKeeper['wanted']> => {
      const wanted = authority.wanted();
      const isMissing = wanted !== undefined && wanted.bundle !== published && configuration.distrusts(wanted.signer);
      return isMissing ? wanted : undefined;
    };
    if (missing() === undefined) return;
    // What this replica takes for the CA may be the one before.
    await authority.look();
    const wanted = missing();
    if (wanted === undefined) return;
    await configuration.publish(wanted.bundle);
    if (!configuration.distrusts(wanted.signer)) published = wanted.bundle;
  }

  return {
    caBundle: () => authority.wanted()?.bundle,
    keep: async (configuration) => {
      try {
        await authority.keepSecret(configuration.publishes);
        // First, so that a replica that starts is not ready before it is trusted.
        await publish(configuration);
      } finally {
        await authority.keepCertificate(configuration.distrusts);
      }
    },
    stop: () => {},
  };
}
