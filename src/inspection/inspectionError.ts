import { PlainError } from '../core/plainError.ts';

/** An image that is larger or stranger than what is looked at; the message is one line. */
export class InspectionError extends PlainError {
  override name = 'InspectionError';
}
