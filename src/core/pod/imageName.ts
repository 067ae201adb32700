/**
 * The repository names of an image reference, for matching against a policy's image patterns.
 *
 * Written here and not taken from a library because the reference comes from a pod's author: the published parsers are
 * built on nested regular expressions that take minutes over a hostile name. This one is linear.
 *
 * Source: distribution/reference, `ParseNormalizedNamed` and `FamiliarName`.
 */

/** The registry that a reference without one means (distribution/reference, `defaultDomain`). */
export const defaultDomain = 'docker.io';

/** Another name of the same registry (distribution/reference, `legacyDefaultDomain`). */
export const legacyDefaultDomain = 'index.docker.io';

/** Where Docker Hub keeps the images that are named without an organisation (`officialRepoPrefix`). */
const officialOrganisation = 'library';

/** Of a name without its registry (distribution/reference, `RepositoryNameTotalLengthMax`). */
const longestRepository = 255;

/** Longer references cannot be pulled: names end at 255 characters, tags at 128, digests well below that. */
const longestReference = 1024;

/**
 * The names an image goes by, tag and digest left out, the full one first. An official image has four, `nginx`,
 * `library/nginx`, `docker.io/nginx` and `docker.io/library/nginx`, another one of Docker Hub two, all others one.
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
  if (repository.length > longestRepository) return [];
  if (domain !== defaultDomain) return [`${domain}/${repository}`];
  const official = officialName(repository);
  if (official === undefined) return [`${defaultDomain}/${repository}`, repository];
  const path = `${officialOrganisation}/${official}`;
  return [`${defaultDomain}/${path}`, path, `${defaultDomain}/${official}`, official];
}

/** `nginx`, of `nginx` and of `library/nginx`; what lies deeper is no official image. */
function officialName(repository: string): string | undefined {
  const slash = repository.indexOf('/');
  if (slash === -1) return repository;
  const name = repository.slice(slash + 1);
  return repository.slice(0, slash) === officialOrganisation && !name.includes('/') ? name : undefined;
}

function splitDomain(name: string): { domain: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isDomain = first === 'localhost' || first.includes('.') || first.includes(':') || first !== first.toLowerCase();
  if (!isDomain) return { domain: defaultDomain, repository: name };
  const domain = first === legacyDefaultDomain ? defaultDomain : first;
  return { domain, repository: name.slice(slash + 1) };
}

function cutAt(text: string, position: number): string {
  return position === -1 ? text : text.slice(0, position);
}
