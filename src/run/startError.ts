import { PlainError } from '../core/plainError.ts';

/** Something that keeps the server from starting; the message is one line. */
export class StartError extends PlainError {
  override name = 'StartError';
}
