/** Requests that are under way at a time: enough not to wait for each, few enough to be no burden for the API server. */
const mostAtATime = 4;

/**
 * Does something with each item, a few at a time; one that fails does not keep the others from being done.
 *
 * @throws what the first that failed has thrown, when all are done.
 */
export async function inParallel<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const workOn = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      await work(next.value).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: mostAtATime }, workOn));
  if (failures.length > 0) throw failures[0];
}
