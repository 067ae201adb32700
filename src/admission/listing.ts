/** In characters. An audit log keeps what it gets, so what a pod's author can make of it has a bound. */
const longestListing = 8192;

/** Leaves room for the words that say that there is more. */
const roomForRest = 40;

/** Items on one line, as many as an audit annotation may hold; `describe` is called for no others. */
export function list<Item>(items: readonly Item[], describe: (item: Item) => string): string {
  let text = '';
  for (const [index, item] of items.entries()) {
    const part = `${index === 0 ? '' : ', '}${describe(item)}`;
    if (text.length + part.length > longestListing - roomForRest) {
      return `${text}${index === 0 ? '' : ' and '}${items.length - index} more`;
    }
    text += part;
  }
  return text;
}
