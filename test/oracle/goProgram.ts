import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What can be told in one line, without a stack. */
export class OracleError extends Error {
  override name = 'OracleError';
}

/** A Go program that answers each line of its input with one of its output. */
export interface GoProgram {
  /** Runs Go's own command in the program's folder. */
  readonly go: (parameters: readonly string[]) => string;
  readonly askLineByLine: (questions: readonly object[]) => readonly string[];
}

/** Builds the Go program in a folder, lends it, and removes it. */
export function withGoProgram<Result>(folder: string, use: (program: GoProgram) => Result): Result {
  const build = mkdtempSync(join(tmpdir(), 'kube-harden-oracle-'));
  try {
    const program = join(build, 'oracle');
    const go: GoProgram['go'] = (parameters) => run('go', parameters, '', folder);
    go(['build', '-o', program, '.']);
    return use({
      go,
      askLineByLine: (questions) => {
        if (questions.length === 0) return [];
        const input = questions.map((question) => JSON.stringify(question)).join('\n');
        const answers = run(program, [], input, folder).trimEnd().split('\n');
        if (answers.length === questions.length) return answers;
        throw new OracleError(`The oracle answered ${answers.length} of ${questions.length} questions.`);
      },
    });
  } finally {
    rmSync(build, { recursive: true });
  }
}

function run(program: string, parameters: readonly string[], input: string, folder: string): string {
  const { error, status, stdout, stderr } = spawnSync(program, parameters, {
    cwd: folder,
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined) {
    const isMissing = 'code' in error && error.code === 'ENOENT';
    throw new OracleError(
      isMissing ? `${program} was not found: comparing with upstream needs Go 1.26 or newer.` : error.message,
    );
  }
  if (status === 0) return stdout;
  throw new OracleError(`${program} ${parameters.join(' ')} failed: ${stderr.trim().replaceAll('\n', '; ')}`);
}

/** Runs a script so that what is expected to go wrong is told in one line. */
export function runScript(script: () => void): void {
  try {
    script();
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
