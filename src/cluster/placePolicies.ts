import type { WebhookChoices } from './webhookConfiguration.ts';
import { makeWebhooks } from './webhookConfiguration.ts';

/**
 * What kube-harden's entries of the webhook configuration take at most, as JSON. The API server stores 1.5 MiB of an
 * object (etcd, `--max-request-bytes`), in a form that is somewhat shorter than JSON; its account of who owns which field
 * comes on top, with some 600 bytes an entry and writer, and what others add to each selector.
 */
export const mostWebhookBytes = 2 ** 20;

/** A bundle of three CAs of kube-harden's own: room for it is kept, so that a new CA puts no policy out of force. */
const shortestBundle = 2048;

/** What decides which policies have a place. */
export interface PlacedPolicy {
  readonly name: string;
  /** As RFC 3339, of whole seconds. */
  readonly creationTimestamp: string;
}

/**
 * The names of the policies that the webhook configuration has room for: the built-in ones, then the oldest, and of
 * those of one second the first by name. All replicas come to the same, since what is made later puts nothing out of its
 * place. One that is refused keeps its place, so that mending it puts out no other.
 */
export function placePolicies(
  policies: Iterable<PlacedPolicy>,
  builtIn: ReadonlySet<string>,
  choices: Omit<WebhookChoices, 'policies'>,
): ReadonlySet<string> {
  const caBundle = choices.caBundle.padEnd(shortestBundle, ' ');
  const bytesOf = (names: readonly string[]): number =>
    Buffer.byteLength(JSON.stringify(makeWebhooks({ ...choices, caBundle, policies: names })));
  const own = bytesOf([]);
  // What a name costs hangs on its length alone.
  const costs = new Map<number, number>();
  const costOf = ({ length }: string): number => {
    const cost = costs.get(length) ?? bytesOf(['x'.repeat(length)]) - own;
    costs.set(length, cost);
    return cost;
  };
  let left = mostWebhookBytes - own;
  for (const name of builtIn) left -= costOf(name);
  const placed = new Set<string>();
  for (const { name } of [...policies].sort(byAge)) {
    // One in place of a built-in policy has that one's entries.
    if (builtIn.has(name)) placed.add(name);
    else if (costOf(name) <= left) {
      left -= costOf(name);
      placed.add(name);
      // A shorter name that comes later would still fit; then which ones do would hang on names.
    } else left = 0;
  }
  return placed;
}

function byAge(left: PlacedPolicy, right: PlacedPolicy): number {
  if (left.creationTimestamp !== right.creationTimestamp)
    return left.creationTimestamp < right.creationTimestamp ? -1 : 1;
  return left.name < right.name ? -1 : 1;
}
