import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition is true.
 *
 * @throws what the condition says instead, when the time is over.
 */
export async function eventually(
  seconds: number,
  condition: () => boolean | string | Promise<boolean | string>,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await condition();
    if (answer === true) return;
    if (Date.now() > deadline) throw new Error(`after ${seconds} seconds: ${answer}`);
    await sleep(200);
  }
}
