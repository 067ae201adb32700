import type { ServerResponse } from 'node:http';

/** What a server has under way. The one place where its parts tell each other how busy they are. */
export interface Traffic {
  /** False once the server is shutting down: nobody should send it anything new. */
  isOpen: boolean;
  /** Reviews whose body is not there yet. */
  receiving: number;
  /** Reviews that are there and not answered yet. */
  deciding: number;
  /** Answers to reviews that their readers have not taken in full yet, the oldest first. */
  readonly unread: Set<ServerResponse>;
}

export function makeTraffic(): Traffic {
  return { isOpen: true, receiving: 0, deciding: 0, unread: new Set() };
}

/** How many reviews are there and not answered in full yet. */
export function reviewsInFlight({ deciding, unread }: Traffic): number {
  return deciding + unread.size;
}
