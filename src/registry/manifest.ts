import { integerField, objectField, objectItems, stringField } from '../core/json/fields.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { Limits } from './limits.ts';
import { digestForm } from './reference.ts';
import { RegistryError } from './registryError.ts';

/** What names a blob or a manifest (OCI image specification, "Content Descriptors"). */
export interface Descriptor {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly mediaType: string;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

export interface ImageManifest {
  readonly config: Descriptor;
  /** From the ground up. */
  readonly layers: readonly Descriptor[];
}

/** OCI's and Docker's indexes and manifests. */
export const acceptedManifests = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const configTypes: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

/** Whether a document is a list of manifests and not one of them. */
export function isIndex(document: JsonObject): boolean {
  return Array.isArray(document['manifests']);
}

/** @throws {RegistryError} where it is no manifest of an image that could be run. */
export function readManifest(document: JsonObject, { layers: mostLayers }: Limits): ImageManifest {
  const config = objectField(document, 'config');
  if (config === undefined) {
    const old = document['schemaVersion'] === 1;
    const problem = old ? 'is in the old schema 1, which is not read here: push it anew' : 'has no config';
    throw new RegistryError('broken', `the manifest ${problem}`);
  }
  const descriptor = readDescriptor(config, 'the config');
  if (!configTypes.includes(descriptor.mediaType))
    throw new RegistryError(
      'broken',
      `that is no image of a container but ${JSON.stringify(descriptor.mediaType.slice(0, 100))}`,
    );
  const layers = objectItems(document, 'layers');
  if (layers.length > mostLayers)
    throw new RegistryError('too-much', `the manifest has more than ${mostLayers} layers`);
  return { config: descriptor, layers: layers.map((layer, index) => readDescriptor(layer, `layer ${index + 1}`)) };
}

function readDescriptor(value: JsonObject, what: string): Descriptor {
  const digest = stringField(value, 'digest') ?? '';
  const size = integerField(value, 'size') ?? -1;
  if (!digestForm.test(digest)) throw new RegistryError('broken', `the manifest has no sha256 or sha512 of ${what}`);
  if (size < 0) throw new RegistryError('broken', `the manifest has no size of ${what}`);
  return { digest, size, mediaType: stringField(value, 'mediaType') ?? '' };
}

interface PlatformManifest {
  readonly descriptor: Descriptor;
  readonly platform: Platform;
}

/** Unknown ones are signatures and the like, which stand beside what they speak of. */
function listPlatforms(index: JsonObject): readonly PlatformManifest[] {
  return objectItems(index, 'manifests').flatMap((manifest) => {
    const platform = objectField(manifest, 'platform');
    const [os, architecture] = [stringField(platform, 'os') ?? '', stringField(platform, 'architecture') ?? ''];
    if (os === '' || os === 'unknown') return [];
    const variant = stringField(platform, 'variant');
    return [{ descriptor: readDescriptor(manifest, 'a platform'), platform: { os, architecture, variant } }];
  });
}

/** What is taken where nobody says: what nearly every image has. */
const preferred: Platform = { os: 'linux', architecture: 'amd64', variant: undefined };

/**
 * The manifest for a platform; without one, that of linux/amd64, or else of the first of Linux.
 *
 * @throws {RegistryError} where there is none.
 */
export function choosePlatform(index: JsonObject, wanted: Platform | undefined): Descriptor {
  const all = listPlatforms(index);
  const exact = all.find(({ platform }) => fitsPlatform(platform, wanted ?? preferred));
  const chosen = exact ?? (wanted === undefined ? all.find(({ platform }) => platform.os === 'linux') : undefined);
  if (chosen !== undefined) return chosen.descriptor;
  const names = [...new Set(all.map(({ platform }) => formatPlatform(platform)))].slice(0, 20).join(', ');
  const there = names === '' ? 'the index names no platform' : `there are ${names}`;
  throw new RegistryError('not-found', `there is no image for ${formatPlatform(wanted ?? preferred)}: ${there}`);
}

/** Whether what an image is for will do; arm64 is arm64/v8 (containerd, `platforms.Normalize`). */
export function fitsPlatform(platform: Platform, wanted: Platform): boolean {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return false;
  if (wanted.variant === undefined) return true;
  const known = platform.variant ?? (platform.architecture === 'arm64' ? 'v8' : undefined);
  return known === wanted.variant;
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === undefined || variant === '' ? '' : `/${variant}`}`;
}

/** Reads `linux/arm64/v8`; `undefined` for what is none. */
export function parsePlatform(text: string): Platform | undefined {
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9]+)(?:\/([a-z0-9.]+))?$/.exec(text) ?? [];
  return os === undefined || architecture === undefined ? undefined : { os, architecture, variant };
}
