import { RegistryError } from './registryError.ts';

const unknownIssuer: readonly string[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** Codes of Node's and OpenSSL's errors, and what they say of a host. */
const words: Readonly<Record<string, (host: string) => string>> = {
  ENOTFOUND: (host) => `there is no host ${host}: check the name, and the proxy in HTTPS_PROXY if you need one`,
  EAI_AGAIN: (host) =>
    `the name ${host} cannot be resolved: check the network, and the proxy in HTTPS_PROXY if you need one`,
  ECONNREFUSED: (host) => `${host} refuses connections: check the name and the port`,
  ECONNRESET: (host) => `${host} has broken the connection off: try again`,
  ETIMEDOUT: (host) => `${host} does not answer: check the network, and the proxy in HTTPS_PROXY if you need one`,
  EHOSTUNREACH: (host) => `${host} cannot be reached: check the network`,
  ENETUNREACH: (host) => `${host} cannot be reached: check the network`,
  CERT_HAS_EXPIRED: (host) => `the certificate of ${host} has expired`,
  ERR_TLS_CERT_ALTNAME_INVALID: (host) => `the certificate of ${host} is for another host`,
  EPROTO: speaksNoTls,
  ERR_SSL_WRONG_VERSION_NUMBER: speaksNoTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: speaksNoTls,
};

function speaksNoTls(host: string): string {
  return `${host} does not speak TLS: if you trust the network between, say --insecure-registry ${host}`;
}

/** One line about a connection that failed. */
export function describeNetworkError(error: unknown, { host }: URL): RegistryError {
  if (error instanceof RegistryError) return error;
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'))
    return new RegistryError('too-much', `${host} has not sent all in time: allow more with --timeout`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (unknownIssuer.includes(code)) {
    const message = `the certificate of ${host} is by nobody that is known here: give its CA in NODE_EXTRA_CA_CERTS=FILE`;
    return new RegistryError('unreachable', message);
  }
  const said = error instanceof Error ? error.message : String(error);
  return new RegistryError('unreachable', words[code]?.(host) ?? `${host}: ${said.split('\n')[0] ?? ''}`);
}
