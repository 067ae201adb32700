/**
 * The repository names of an image reference, for matching against a policy's image patterns.
 *
 * Written here and not taken from a library because the reference comes from a pod's author: the published parsers are
 * built on nested regular expressions that take minutes over a hostile name. This one is linear.
 *
 * Source: distribution/reference, `ParseNormalizedNamed` and `FamiliarName`.
 */

/** The registry that a reference without one means (distribution/reference, `defaultDomain`). */
const defaultDomain = 'docker.io';

/** Longer references cannot be pulled: names end at 255 characters, tags at 128, digests well below that. */
const longestReference = 1024;

/**
 * The names an image goes by, tag and digest left out: as people write it first (`nginx`, `grafana/grafana`,
 * `registry:5000/team/app`), then with registry and `library/` written out where that differs.
 * Empty for a reference that no runtime could pull.
 */
export function imageNames(image: string): readonly string[] {
  if (image === '' || image.length > longestReference) return [];
  const withoutDigest = cutAt(image, image.indexOf('@'));
  const tagColon = withoutDigest.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port, not to a tag.
  const name = tagColon > withoutDigest.lastIndexOf('/') ? withoutDigest.slice(0, tagColon) : withoutDigest;
  if (name === '' || name.startsWith('/') || name.endsWith('/')) return [];

  const { domain, repository } = splitDomain(name);
  if (domain !== defaultDomain) return [`${domain}/${repository}`];
  const full = repository.includes('/') ? repository : `library/${repository}`;
  const familiar = full.startsWith('library/') ? full.slice('library/'.length) : full;
  return [familiar, `${defaultDomain}/${full}`];
}

function splitDomain(name: string): { domain: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isDomain = first === 'localhost' || first.includes('.') || first.includes(':') || first !== first.toLowerCase();
  if (!isDomain) return { domain: defaultDomain, repository: name };
  const domain = first === 'index.docker.io' ? defaultDomain : first;
  return { domain, repository: name.slice(slash + 1) };
}

function cutAt(text: string, position: number): string {
  return position === -1 ? text : text.slice(0, position);
}
