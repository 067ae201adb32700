import { BlockList, isIP } from 'node:net';

/**
 * What is not a stranger's to have looked up: this machine, its neighbours and what clouds give secrets at. Source: IANA
 * special-purpose address registries (RFC 6890), and RFC 4193 and 6598.
 */
const notPublic = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  notPublic.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 127],
  // IPv4 in IPv6's clothes: NAT64 and 6to4 lead to any of the above.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  notPublic.addSubnet(network, prefix, 'ipv6');

/** Whether an address is neither this machine's nor its neighbours': for looking up what strangers name. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  // A BlockList holds `::ffff:10.0.0.1` against what it has of IPv4 by itself.
  return family !== 0 && !notPublic.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a host is this machine by its name or address alone, to which nobody listens in. */
export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
