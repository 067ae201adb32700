import { defaultDomain, imageNames } from '../core/pod/imageName.ts';
import { RegistryError } from './registryError.ts';

/** What names an image, taken apart. */
export interface ImageReference {
  /** As it was written. */
  readonly text: string;
  /** Host, and port where there is one, as names have it: `docker.io`, not the host that serves it. */
  readonly registry: string;
  readonly repository: string;
  /** `latest` where neither a tag nor a digest is named. */
  readonly tag: string | undefined;
  /** Beats the tag, as it does for every runtime. */
  readonly digest: string | undefined;
}

/** Source: distribution/reference, `grammar` at the head of reference.go. */
const tagForm = /^\w[\w.-]{0,127}$/;
const partForm = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const hostForm = /^(\[[0-9a-fA-F:]{2,45}\]|[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?)(:[0-9]{1,5})?$/;
export const digestForm = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** What nothing that names an image can have. */
const longestReference = 1024;

/**
 * Takes the name of an image apart as container runtimes do: `nginx` is `docker.io/library/nginx:latest`.
 *
 * @throws {RegistryError} where it names none.
 */
export function parseReference(text: string): ImageReference {
  const [fullName] = imageNames(text);
  if (fullName === undefined || text.length > longestReference) throw malformed(text, 'is no name of an image');
  const slash = fullName.indexOf('/');
  const [registry, repository] = [fullName.slice(0, slash), fullName.slice(slash + 1)];
  if (!hostForm.test(registry)) throw malformed(text, `has no registry's name in ${JSON.stringify(registry)}`);
  const part = repository.split('/').find((each) => !partForm.test(each));
  if (part !== undefined) {
    const hint = part === part.toLowerCase() ? '' : '; repositories have no capitals';
    throw malformed(text, `has ${JSON.stringify(part)} in it, which no repository has${hint}`);
  }
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !digestForm.test(digest)) throw malformed(text, 'has no sha256 or sha512 after the "@"');
  const beforeDigest = at === -1 ? text : text.slice(0, at);
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const tag = colon === -1 ? undefined : beforeDigest.slice(colon + 1);
  if (tag !== undefined && !tagForm.test(tag)) throw malformed(text, `has no tag in ${JSON.stringify(tag)}`);
  return { text, registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

function malformed(text: string, problem: string): RegistryError {
  const shown = text.length > 100 ? `${JSON.stringify(text.slice(0, 100))}…` : JSON.stringify(text);
  return new RegistryError(
    'refused',
    `${shown} ${problem}: images are written as nginx, nginx:1.29 or ghcr.io/a/b@sha256:…`,
  );
}

/** Where a registry is served, which for Docker Hub is not where its name says (distribution/reference has no rule: moby does). */
export function hostOf(registry: string): string {
  return registry === defaultDomain ? 'registry-1.docker.io' : registry;
}
