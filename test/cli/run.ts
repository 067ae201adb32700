import { PassThrough, Readable } from 'node:stream';
import { makeProgram } from '../../src/cli/program.ts';

export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs the command line in this process, as `main.ts` would but for the last word on errors. */
export async function run(args: readonly string[], { stdin = '', isColored = false } = {}): Promise<Run> {
  const written = { stdout: '', stderr: '' };
  const capture = (name: 'stdout' | 'stderr'): PassThrough => {
    const stream = new PassThrough();
    stream.on('data', (chunk: Buffer) => {
      written[name] += chunk.toString();
    });
    return stream;
  };
  let exitCode = 0;
  const streams = {
    stdin: Readable.from([stdin]),
    stdout: capture('stdout'),
    stderr: capture('stderr'),
    isColored,
    setExitCode: (code: number) => {
      exitCode = code;
    },
  };
  await makeProgram(streams).parseAsync(args, { from: 'user' });
  return { ...written, exitCode };
}
