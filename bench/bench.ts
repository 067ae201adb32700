/**
 * `make bench`: microseconds per review by phase, then the real server beside two references in one interleaved run,
 * the server on one core and the load on another; last, hostile reviews beside somebody else's small ones.
 */
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtInPolicies, loadPolicies } from '../src/files/policies.ts';
import { formatHostile, hostileHeading, measureHostile, measureQuiet } from './hostile.ts';
import type { Measured } from './load.ts';
import { sendLoad } from './load.ts';
import { measurePhases, median } from './phases.ts';
import { makeReview } from './reviews.ts';

const kinds = ['kube-harden', 'parse', 'constant'] as const;
type Kind = (typeof kinds)[number];

const sizes = [6, 60];
const connectionCounts = [1, 16];
const rounds = 5;
const milliseconds = 500;
/** The compiler shares the server's core, and has far more to compile in kube-harden than in the references. */
const warmUpMilliseconds = { 'kube-harden': 7000, parse: 2000, constant: 2000 };

const path = '/enforce/hardened?timeout=10s';

/** After the hostile reviews, until memory is looked at again. */
const millisecondsToRest = 8000;

const serverCore = '0';
const loadCore = '1';
const canPin = spawnSync('taskset', ['-c', serverCore, 'true']).status === 0;
if (canPin) spawnSync('taskset', ['-a', '-c', '-p', loadCore, String(process.pid)]);

interface Target {
  readonly kind: Kind;
  readonly port: number;
  readonly ca: string;
  /** In MB. */
  readonly memory: () => Promise<number>;
  readonly stop: () => void;
}

async function startTarget(kind: Kind, kilobytes: number): Promise<Target> {
  const command = [process.execPath, join(import.meta.dirname, 'target.ts'), kind, String(kilobytes)];
  const [file = '', ...args] = canPin ? ['taskset', '-c', serverCore, ...command] : command;
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [message] = (await once(child, 'message')) as [{ port: number; ca: string }];
  const memory = async (): Promise<number> => {
    child.send('memory');
    const [{ residentBytes }] = (await once(child, 'message')) as [{ residentBytes: number }];
    return residentBytes / 1e6;
  };
  return { kind, ...message, memory, stop: () => child.kill('SIGKILL') };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const hardened = (await loadPolicies(builtInPolicies)).get('hardened');
if (hardened === undefined) throw new Error('the built-in policies lack hardened');

print(
  `Node ${process.version}${canPin ? ', server and load on a core each' : ', cores not pinned: taskset is missing'}\n`,
);
print('microseconds a review        6 KB    60 KB');
const [small = [], large = []] = sizes.map((size) => measurePhases(hardened, size));
small.forEach(({ name, microseconds }, index) => {
  const other = large[index]?.microseconds ?? Number.NaN;
  print(`${name.padEnd(32)} ${microseconds.toFixed(1).padStart(6)} ${other.toFixed(1).padStart(8)}`);
});

print('\n size  conn  server        req/s    p50 ms   p99 ms   of the parse limit');
for (const size of sizes) {
  const body = Buffer.from(makeReview(size));
  const targets: Target[] = [];
  for (const kind of kinds) targets.push(await startTarget(kind, size));
  const measure = (target: Target, connections: number, time: number): Promise<Measured> =>
    sendLoad({ ...target, path, body, connections, milliseconds: time });
  for (const target of targets) await measure(target, 16, warmUpMilliseconds[target.kind]);
  for (const connections of connectionCounts) {
    const measured = new Map<Kind, Measured[]>(kinds.map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const target of targets) measured.get(target.kind)?.push(await measure(target, connections, milliseconds));
    }
    for (const kind of kinds) printServer(size, connections, kind, measured);
  }
  for (const { stop } of targets) stop();
}

print(`\n${hostileHeading}`);
const target = await startTarget('kube-harden', 6);
const client = fork(join(import.meta.dirname, 'hostileClient.ts'));
await sendLoad({ ...target, path, body: Buffer.from(makeReview(6)), connections: 1, milliseconds: 2000 });
const before = await target.memory();
let most = before;
print(await measureQuiet(target));
for await (const row of measureHostile(target, client)) {
  print(formatHostile(row));
  most = Math.max(most, await target.memory());
}
await sleep(millisecondsToRest);
const after = await target.memory();
const memory = [before, most, after].map((megabytes) => megabytes.toFixed(0));
print(`memory in MB: ${memory[0]} before, ${memory[1]} at most, ${memory[2]} a while later`);
client.kill();
target.stop();

function printServer(size: number, connections: number, kind: Kind, measured: ReadonlyMap<Kind, Measured[]>): void {
  const own = measured.get(kind) ?? [];
  const limits = measured.get('parse') ?? [];
  // Round by round, since the machine's speed drifts.
  const ratio = median(own.map(({ perSecond }, round) => perSecond / (limits[round]?.perSecond ?? Number.NaN)));
  const middle = (of: (each: Measured) => number): number => median(own.map(of));
  const cells = [
    `${size} KB`.padStart(5),
    String(connections).padStart(5),
    ` ${kind.padEnd(12)}`,
    middle(({ perSecond }) => perSecond)
      .toFixed(0)
      .padStart(6),
    middle(({ p50 }) => p50)
      .toFixed(2)
      .padStart(9),
    middle(({ p99 }) => p99)
      .toFixed(2)
      .padStart(8),
    ratio.toFixed(2).padStart(12),
  ];
  print(cells.join(' '));
}
