/** An error that somebody at a terminal can mend: its message is one line that says what is wrong and where. */
export class PlainError extends Error {
  override name = 'PlainError';
}
