import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Order, Report } from './hostileClient.ts';
import { hostileReviews } from './hostileReviews.ts';
import { sendLoad } from './load.ts';
import { median } from './phases.ts';
import { makeReview } from './reviews.ts';

const hostileBytes = 8 * 1024 * 1024;
const times = 5;

/** How often somebody else asks meanwhile, in milliseconds, each time with a review of 6 KB. */
const pause = 2;

export interface HostileRow {
  readonly name: string;
  readonly report: Report;
  /** What somebody else's reviews waited meanwhile, in milliseconds. */
  readonly others: { readonly p50: number; readonly p99: number; readonly most: number };
}

/** Sends each kind of hostile review some times, beside somebody else's small reviews. */
export async function* measureHostile(
  target: { readonly port: number; readonly ca: string },
  client: ChildProcess,
): AsyncGenerator<HostileRow> {
  const body = Buffer.from(makeReview(6));
  for (const [index, { name }] of hostileReviews.entries()) {
    const order: Order = { ...target, index, bytes: hostileBytes, times };
    const ending = new AbortController();
    client.send(order);
    const reported = once(client, 'message').finally(() => ending.abort());
    const load = {
      ...target,
      path: '/enforce/hardened?timeout=10s',
      body,
      connections: 1,
      milliseconds: 60_000,
      pause,
    };
    const others = await sendLoad({ ...load, signal: ending.signal });
    const [report] = (await reported) as [Report];
    yield { name, report, others };
  }
}

/** What somebody's reviews wait where nobody else sends anything: what the machine itself adds to the figures above. */
export async function measureQuiet(target: { readonly port: number; readonly ca: string }): Promise<string> {
  const body = Buffer.from(makeReview(6));
  const load = { ...target, path: '/enforce/hardened?timeout=10s', body, connections: 1, milliseconds: 2000, pause };
  return formatOthers('none', await sendLoad(load));
}

function formatOthers(name: string, { p50, p99, most }: HostileRow['others']): string {
  return [name.padEnd(80), ...[p50, p99, most].map((ms) => ms.toFixed(1).padStart(7))].join(' ');
}

/** As a line of the table. */
export function formatHostile({ name, report, others }: HostileRow): string {
  const { bytes, status, answerBytes, milliseconds } = report;
  const cells = [
    name.padEnd(28),
    (bytes / 1024 / 1024).toFixed(1).padStart(5),
    (status === 200 ? 'answered' : String(status)).padStart(9),
    (answerBytes / 1024).toFixed(0).padStart(9),
    ...[Math.min(...milliseconds), median(milliseconds), Math.max(...milliseconds)].map((ms) =>
      ms.toFixed(0).padStart(6),
    ),
  ];
  return formatOthers(cells.join(' '), others);
}

export const hostileHeading = [
  'hostile reviews'.padEnd(28),
  '  MiB',
  '   answer',
  '       KB',
  '   min',
  'median',
  'max ms',
  '  others: p50, p99, max ms',
].join(' ');
