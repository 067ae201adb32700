import type { Mode } from '../admission/answer.ts';
import type { Tally } from './answerBody.ts';

/** What happens, for whoever measures it. */
export interface Metrics {
  /** A review was answered. */
  readonly countReview: (policy: string, mode: Mode, tallies: readonly Tally[], seconds: number) => void;
  /** A review got an HTTP error. */
  readonly countFailure: (status: number) => void;
  /** A policy's resource has changed. */
  readonly countPolicy: (result: 'inForce' | 'refused') => void;
  /** How many policies' present spec is refused. */
  readonly setRefusedPolicies: (count: number) => void;
  /** When the certificate in use ends, in milliseconds since 1970. */
  readonly setCertificateEnd: (milliseconds: number) => void;
  /** Whether the certificate in use may be good, by this machine's clock or the API server's. */
  readonly setCertificateValid: (isValid: boolean) => void;
  /** How far this machine's clock is ahead of the API server's, in milliseconds. */
  readonly setClockDifference: (milliseconds: number) => void;
  /** Whether the webhook configuration was last seen as it has to be. */
  readonly setInSync: (isInSync: boolean) => void;
  readonly setLeader: (isLeader: boolean) => void;
}

/** Metrics that nobody reads. */
export const noMetrics: Metrics = {
  countReview: () => {},
  countFailure: () => {},
  countPolicy: () => {},
  setRefusedPolicies: () => {},
  setCertificateEnd: () => {},
  setCertificateValid: () => {},
  setClockDifference: () => {},
  setInSync: () => {},
  setLeader: () => {},
};
