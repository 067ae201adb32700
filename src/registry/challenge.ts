/** What a registry wants before it answers (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case: `basic` or `bearer`, or what we cannot do. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads `WWW-Authenticate`, in which several challenges may stand. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  // A parameter, or else a word that begins the next challenge. Nothing here goes back over what it has passed.
  const parts = /([\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)/g;
  for (const [, name, quoted, bare, scheme] of header.matchAll(parts)) {
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else if (name !== undefined)
      challenges.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '');
  }
  return challenges;
}
