/** What a server has under way. The one place where its parts tell each other how busy they are. */
export interface Traffic {
  /** False once the server is shutting down: nobody should send it anything new. */
  isOpen: boolean;
  /** Reviews that are not answered in full yet. */
  reviews: number;
  /** Bytes of bodies that are not parsed yet. */
  bytes: number;
}

export function makeTraffic(): Traffic {
  return { isOpen: true, reviews: 0, bytes: 0 };
}
