#!/usr/bin/env node
import { CommanderError } from 'commander';
import { makeProgram } from './cli/program.ts';
import { PlainError } from './core/plainError.ts';
import { describeFileError } from './files/fileError.ts';

/** Bad usage, bad input, a bad policy, or nowhere to write to. */
const exitUsage = 2;

const program = makeProgram({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isColored: process.stdout.isTTY === true && process.stdout.hasColors(),
  setExitCode: (code) => {
    process.exitCode = code;
  },
});

// Whoever reads our output, `head` for one, may stop before we do: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`kube-harden: ${describeFileError('standard output', error)}\n`);
  process.exit(exitUsage);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has written its own message by now; asking for help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
  if (!(error instanceof PlainError)) throw error;
  process.stderr.write(`kube-harden: ${error.message}\n`);
  return exitUsage;
}
