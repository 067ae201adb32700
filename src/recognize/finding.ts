/** What keeps a container from running once it is hardened. Codes are stable: `why -o json` prints them. */
export type Cause =
  | 'read-only-root'
  | 'named-user'
  | 'root-image'
  | 'file-capabilities'
  | 'not-owner'
  | 'chown'
  | 'drops-user'
  | 'low-port'
  | 'owner-of-run'
  | 'other';

/** What a line tells of why a container does not run. */
export interface Sign {
  readonly cause: Cause;
  /** The directory in question, as an absolute path; `null` where the line names none. */
  readonly path: string | null;
  /** Without `CAP_`; `null` where none is missing. */
  readonly capability: string | null;
  /** Whom the image runs as, where it says a name. */
  readonly user?: string;
}

/** The same with what to do about it. */
export interface Finding extends Sign {
  /** The line that it was recognised by, cut where it is long. */
  readonly line: string;
  readonly remedy: Remedy;
}

/** The smallest thing that helps, and where it goes. */
export interface Remedy {
  /** `none` where nothing is to be proposed. */
  readonly to: 'annotation' | 'pod' | 'container' | 'policy' | 'none';
  /** For people, in one line. */
  readonly text: string;
  /** A JSON merge patch of the pod, of its container or of the policy; `null` where it cannot be written down. */
  readonly patch: Patch | null;
}

export type Patch = { readonly [key: string]: Patch | string | number | boolean | readonly (Patch | string)[] };
