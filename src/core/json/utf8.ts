/** How many bytes a text takes in UTF-8, in which Kubernetes and Linux count. Half of a surrogate pair counts as U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    bytes += 1;
    if (code < 0x800) continue;
    bytes += 1;
    // Four bytes for the pair of units, of which two are counted already.
    if (isHigh(code) && isLow(text.charCodeAt(index + 1))) index += 1;
  }
  return bytes;
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}
