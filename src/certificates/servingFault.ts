import type { X509Certificate } from 'node:crypto';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** One value of DER (ITU-T X.690): its tag, with the class in it, and what it holds. */
interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
}

interface Extension {
  readonly id: string;
  readonly isCritical: boolean;
  readonly content: Buffer;
}

/** Tags as RFC 5280 uses them: of the values, of the fields of a certificate, and of the kinds of a general name. */
const tags = {
  boolean: 0x01,
  octets: 0x04,
  extensions: 0xa3,
  permitted: 0xa0,
  email: 0x81,
  dns: 0x82,
  uri: 0x86,
  ip: 0x87,
};

/** Object identifiers: RFC 5280, section 4.2.1. */
const ids = { nameConstraints: '2.5.29.30', extendedKeyUsage: '2.5.29.37' };
const serverUsages = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** Those that Go's crypto/x509, by which the API server verifies, takes where they are critical, in all its versions. */
const understood = new Set([
  ...Object.values(ids),
  // Key usage, alternative names, basic constraints, where revocations are, and policies.
  ...['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.31', '2.5.29.32'],
]);
const understoodNames: readonly number[] = [tags.email, tags.dns, tags.uri, tags.ip];

/**
 * Why the API server would refuse a server's certificate that a CA has signed, though it trusts the CA; undefined where
 * it would not. OpenSSL has read the certificate before, so what it consists of is there.
 *
 * @param names host names and addresses that the certificate is for
 */
export function describeServingFault(certificate: X509Certificate, names: readonly string[]): string | undefined {
  const extensions = extensionsOf(certificate);
  const unknown = extensions.find(({ id, isCritical }) => isCritical && !understood.has(id));
  if (unknown !== undefined) return `its critical extension ${unknown.id} is not understood`;
  const usages = valuesOf(extensions, ids.extendedKeyUsage)?.map(({ content }) => readId(content));
  if (usages?.some((usage) => serverUsages.includes(usage)) === false) {
    return 'its extended key usages lack serverAuth';
  }
  const isCritical = extensions.some((extension) => extension.id === ids.nameConstraints && extension.isCritical);
  return describeConstraint(valuesOf(extensions, ids.nameConstraints) ?? [], isCritical, names);
}

function describeConstraint(
  constraints: readonly DerValue[],
  isCritical: boolean,
  names: readonly string[],
): string | undefined {
  const subtrees = constraints.map(({ tag, content }) => ({
    permits: tag === tags.permitted,
    bases: readValues(content).flatMap((subtree) => readValues(subtree.content).slice(0, 1)),
  }));
  const kinds = subtrees.flatMap(({ bases }) => bases).map(({ tag }) => tag);
  if (isCritical && kinds.some((kind) => !understoodNames.includes(kind))) {
    return 'its critical name constraints are not understood';
  }
  const excluded = names.find((name) => {
    const kind = isIP(name) === 0 ? tags.dns : tags.ip;
    return subtrees.some(({ permits, bases }) => {
      const concerning = bases.filter(({ tag }) => tag === kind);
      return concerning.length > 0 && permits !== concerning.some(({ content }) => isWithin(name, content));
    });
  });
  return excluded === undefined ? undefined : `its name constraints exclude ${excluded}`;
}

function isWithin(name: string, base: Buffer): boolean {
  if (isIP(name) !== 0) return isWithinNetwork(name, base);
  const domain = base.toString('latin1').toLowerCase();
  const host = name.toLowerCase();
  return domain === '' || host === domain || host.endsWith(domain.startsWith('.') ? domain : `.${domain}`);
}

/** @param base an address and a mask, one after the other */
function isWithinNetwork(address: string, base: Buffer): boolean {
  const length = base.length / 2;
  if (length !== (isIPv6(address) ? 16 : 4)) return false;
  const mask = [...base.subarray(length)].map((byte) => byte.toString(2)).join('');
  const network = base.subarray(0, length);
  const text = length === 4 ? network.join('.') : (network.toString('hex').match(/.{4}/g) ?? []).join(':');
  const family = length === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(text, [...mask].filter((bit) => bit === '1').length, family);
  return list.check(address, family);
}

function extensionsOf({ raw }: X509Certificate): readonly Extension[] {
  const [certificate] = readValues(raw);
  const [signed] = readValues(certificate?.content);
  const field = readValues(signed?.content).find(({ tag }) => tag === tags.extensions);
  const [list] = readValues(field?.content);
  return readValues(list?.content).map((extension) => {
    const [id, ...rest] = readValues(extension.content);
    return {
      id: readId(id?.content),
      isCritical: rest.some(({ tag, content }) => tag === tags.boolean && content[0] !== 0),
      content: rest.find(({ tag }) => tag === tags.octets)?.content ?? Buffer.alloc(0),
    };
  });
}

/** What the list is made of that an extension holds; undefined where there is no such extension. */
function valuesOf(extensions: readonly Extension[], wanted: string): readonly DerValue[] | undefined {
  const extension = extensions.find(({ id }) => id === wanted);
  return extension && readValues(readValues(extension.content)[0]?.content);
}

function readValues(bytes: Buffer = Buffer.alloc(0)): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at + 1 < bytes.length; ) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
    // A long length is told by how many bytes it takes.
    const more = first < 0x80 ? 0 : first - 0x80;
    const start = at + 2 + more;
    const length = more === 0 ? first : Number(`0x0${bytes.subarray(at + 2, start).toString('hex')}`);
    values.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}

/** An object identifier in digits and dots: each number in seven bits a byte, and the first two numbers in one. */
function readId(bytes: Buffer = Buffer.alloc(0)): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of bytes) {
    number = number * 0x80 + (byte % 0x80);
    if (byte >= 0x80) continue;
    numbers.push(number);
    number = 0;
  }
  const [both = 0, ...rest] = numbers;
  const first = Math.min(Math.floor(both / 40), 2);
  return [first, both - 40 * first, ...rest].join('.');
}
