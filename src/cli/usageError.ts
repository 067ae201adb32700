import { PlainError } from '../core/plainError.ts';
/** Something that the user has to mend; the message is one line for people, the exit code is 2. */
export class UsageError extends PlainError {
  override name = 'UsageError';
}
