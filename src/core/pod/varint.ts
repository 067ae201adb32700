/** How protocol buffers write numbers and lengths. Source: protobuf.dev, "Encoding". */

const largestVarint = 2 ** 63;
const mostVarintBytes = 10;

/** Seven bits a byte, ten bytes at most: what is negative takes them, and JSON may say what is larger than any number. */
export function varintSize(value: number): number {
  if (value < 0 || value >= largestVarint) return mostVarintBytes;
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes += 1;
  return bytes;
}

/** Bytes with their number before them. */
export function withLength(bytes: number): number {
  return bytes + varintSize(bytes);
}
