import type { ImageProfileDocument } from '../core/images/imageProfile.ts';
import { parseImageProfile } from '../core/images/imageProfile.ts';
import type { Json } from '../core/json/json.ts';
import type { ImageDescription } from '../inspection/describeImage.ts';
import { describeConfig, describeImage } from '../inspection/describeImage.ts';
import { makeFileTree } from '../inspection/fileTree.ts';
import type { ImageConfig } from '../inspection/imageConfig.ts';
import { readImageConfig } from '../inspection/imageConfig.ts';
import type { ClientOptions, FoundImage } from './client.ts';
import { findImage } from './client.ts';
import type { ContentWish } from './entryContent.ts';
import type { LayerBudget } from './layerBudget.ts';
import type { Limits } from './limits.ts';
import { defaultLimits } from './limits.ts';
import type { Platform } from './manifest.ts';
import { fitsPlatform, formatPlatform } from './manifest.ts';
import { parseJsonObject } from './readBody.ts';
import { readLayer } from './readLayer.ts';
import type { ImageReference } from './reference.ts';
import { parseReference } from './reference.ts';
import { RegistryError } from './registryError.ts';
import { makeTransport } from './transport.ts';

export interface InspectOptions
  extends Pick<ClientOptions, 'insecureHosts' | 'tokenHosts' | 'mirrors' | 'credentialsFor'> {
  readonly platform?: Platform | undefined;
  /** Whether its layers are left out, so that three requests do. */
  readonly configOnly?: boolean;
  readonly limits?: Limits;
  /** Which addresses may be asked; all of them where a person names the image. */
  readonly allowAddress?: (address: string) => boolean;
  /** When it is looked at, for the profile. */
  readonly now: Date;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** What is known of an image now. */
export interface InspectedImage extends Omit<ImageDescription, 'facts'> {
  readonly reference: ImageReference;
  readonly profile: ImageProfileDocument;
}

/**
 * Looks an image up in its registry and reads whom it runs as, what it needs and where it writes.
 *
 * @throws {RegistryError} or {InspectionError} where the image cannot be had or is not what it should be; one line, without the image's name.
 */
export async function inspectImage(image: string, options: InspectOptions): Promise<InspectedImage> {
  const { limits = defaultLimits, allowAddress = () => true, insecureHosts, platform } = options;
  const reference = parseReference(image);
  const signal = AbortSignal.timeout(limits.seconds * 1000);
  const transport = makeTransport({ limits, signal, insecureHosts, allowAddress });
  try {
    const found = await findImage(reference, platform, { ...options, transport, limits });
    const bytes = await found.fetchBytes(found.manifest.config, limits.configBytes, 'the config');
    const config = readImageConfig(parseJsonObject(bytes, 'the config'));
    if (platform !== undefined && !fitsPlatform(config, platform)) {
      const message = `there is no image for ${formatPlatform(platform)}: it is for ${formatPlatform(config)} alone`;
      throw new RegistryError('not-found', message);
    }
    const described =
      options.configOnly === true
        ? describeConfig(config)
        : await readFiles(found, config, { limits, signal, onProgress: options.onProgress ?? ((): void => undefined) });
    return {
      ...described,
      reference,
      profile: checkProfile(makeProfile(reference, found, config, described, options.now)),
    };
  } finally {
    transport.close();
  }
}

async function readFiles(
  { manifest: { layers }, openBlob }: FoundImage,
  config: ImageConfig,
  {
    limits,
    signal,
    onProgress,
  }: { limits: Limits; signal: AbortSignal; onProgress: NonNullable<InspectOptions['onProgress']> },
): Promise<ImageDescription> {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  if (total > limits.packedBytes)
    throw new RegistryError(
      'too-much',
      `its layers have ${total} bytes, more than the ${limits.packedBytes} that are read`,
    );
  const tree = makeFileTree(limits.files);
  const wish = wishFor(config);
  const budget: LayerBudget = { unpackedBytes: 0, scriptBytes: 0 };
  let done = 0;
  // One after the other, since each lies over the ones before.
  for (const [index, layer] of layers.entries()) {
    const what = `layer ${index + 1}`;
    if (layer.mediaType.includes('foreign') || layer.mediaType.includes('nondistributable'))
      throw new RegistryError('broken', `${what} is not in the registry, as those of Windows are not`);
    const before = done;
    const onBytes = (bytes: number): void => onProgress(before + bytes, total);
    await readLayer(await openBlob(layer, what), index + 1, tree, wish, budget, { limits, signal, onBytes });
    done += layer.size;
  }
  onProgress(total, total);
  return describeImage(config, tree);
}

/** What it may start, as far as its configuration tells before its files are seen. */
function wishFor({ entrypoint, command }: ImageConfig): ContentWish {
  const words = [...entrypoint, ...command].slice(0, 64).flatMap((text) => text.slice(0, 4096).split(/[\s;&|"']+/));
  return { programs: new Set(words.map((word) => word.slice(word.lastIndexOf('/') + 1)).filter(Boolean)) };
}

function makeProfile(
  { registry, repository, tag, text }: ImageReference,
  { digests }: FoundImage,
  config: ImageConfig,
  { facts }: ImageDescription,
  now: Date,
): ImageProfileDocument {
  const platform = formatPlatform(config);
  const name = `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}`;
  return {
    apiVersion: 'kube-harden.io/v1alpha1',
    kind: 'ImageProfile',
    metadata: { name: resourceName(repository, digests[0] ?? text) },
    spec: {
      digests: [...digests],
      ...(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9.]+)?$/.test(platform) ? { platform } : {}),
      ...facts,
      observedAt: now.toISOString(),
      source: `${name}, as kube-harden inspect has found it in its registry`.slice(0, 512),
    },
  };
}

/** Whatever an image says of itself, what comes out can be applied. @throws {RegistryError} where it cannot. */
function checkProfile(profile: ImageProfileDocument): ImageProfileDocument {
  const parsed = parseImageProfile(profile as unknown as Json);
  if ('profile' in parsed) return profile;
  const { path, message } = parsed.problems[0] ?? { path: [], message: 'is no profile' };
  throw new RegistryError('broken', `what it says of itself fits no profile: ${path.join('.')} ${message}`);
}

/** The repository's last parts, as far as a resource may be called so, and what tells it from its other versions. */
function resourceName(repository: string, digest: string): string {
  const readable = repository
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(-200)
    .replace(/^-+|-+$/g, '');
  return `${readable}-${digest.slice(digest.indexOf(':') + 1).slice(0, 12)}`;
}
