/** Base64 of a text's UTF-8 bytes. Buffer is a global of Node's; browsers and other runtimes have `Uint8Array.toBase64`. */
export function encodeBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
