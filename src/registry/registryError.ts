import { PlainError } from '../core/plainError.ts';

/** What went wrong, for those who can go on elsewhere: a mirror that has not or does not answer, for one. */
export type RegistryProblem = 'unreachable' | 'not-found' | 'refused' | 'broken' | 'too-much';

/** A registry that does not give what was asked for, or gives what cannot be taken; the message is one line. */
export class RegistryError extends PlainError {
  override name = 'RegistryError';
  readonly problem: RegistryProblem;

  constructor(problem: RegistryProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
