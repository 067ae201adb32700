import { Command } from 'commander';
import { explainCommand } from './explain.ts';
import { inspectCommand } from './inspect.ts';
import { previewCommand } from './preview.ts';
import { serveCommand } from './serve.ts';
import type { Streams } from './streams.ts';
import { readVersion } from './version.ts';
import { whyCommand } from './why.ts';

/** Makes the whole command line. Errors come as exceptions: `main.ts` alone ends the process. */
export function makeProgram(streams: Streams): Command {
  const program = new Command('kube-harden')
    .description('Fills in the pod hardening that authors left out, and never overrides what they wrote.')
    .version(readVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      outputError: (text, write) => write(`kube-harden: ${onOneLine(text)}; --help shows what there is\n`),
    });
  for (const command of [
    previewCommand(streams),
    explainCommand(streams),
    inspectCommand(streams),
    whyCommand(streams),
    serveCommand(),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}

function onOneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .replace(
      /^too many arguments for '(\w+)'. Expected 0 arguments but got \d+: (.+?)\.?$/,
      'files are named with -f: kube-harden $1 -f $2',
    )
    .replaceAll(/\.?\n/g, ' ')
    .replace(/\.$/, '');
}
