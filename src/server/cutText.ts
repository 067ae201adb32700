/**
 * The beginning of a text that may be of any length, with an ellipsis where it goes on; never half of a surrogate pair.
 *
 * @param most the most UTF-16 code units of what comes out
 */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 2);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, isHighSurrogate ? most - 2 : most - 1)}…`;
}
