import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

/** Starts a program that ends with this process at the latest: a test that is broken off leaves nothing running. */
export function startBound(program: string, parameters: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(program, parameters, options);
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

/** The same for a program whose output goes to a file. */
export function startLogged(program: string, log: string, parameters: readonly string[]): ChildProcess {
  const file = openSync(log, 'a');
  const child = startBound(program, parameters, { stdio: ['ignore', file, file] });
  closeSync(file);
  return child;
}

/** Asks a program to end, and makes it after a while. */
export async function end(child: ChildProcess, millisecondsToEnd: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), millisecondsToEnd);
  await exit;
  clearTimeout(timer);
}
