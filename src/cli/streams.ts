/** What a command reads from and writes to; tests bring their own. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream;
  /** Data alone. */
  readonly stdout: NodeJS.WritableStream;
  /** Everything else. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Whether standard output takes colours: a terminal, and NO_COLOR is not set. */
  readonly isColored: boolean;
  readonly setExitCode: (code: number) => void;
}
