import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Json, JsonObject } from '../core/json/json.ts';
import { PlainError } from '../core/plainError.ts';
import { describeFileError } from '../files/fileError.ts';
import { readManifest } from '../manifest/readManifest.ts';
import { writeManifest } from '../manifest/writeManifest.ts';
import type { InspectedImage, InspectOptions } from '../registry/inspectImage.ts';
import { formatInspected } from './inspectTable.ts';
import { makeProgress } from './progress.ts';
import type { Streams } from './streams.ts';
import { UsageError } from './usageError.ts';

interface InspectFlags {
  readonly output: 'table' | 'json' | 'yaml';
  readonly configOnly?: boolean;
  readonly platform?: string;
  readonly registryConfig?: readonly string[];
  readonly mirror?: ReadonlyMap<string, readonly string[]>;
  readonly insecureRegistry?: readonly string[];
  readonly tokenHost?: readonly string[];
  readonly timeout: number;
}

const examples = `
Examples:
  kube-harden inspect nginx:1.29 ghcr.io/org/app@sha256:…
  kube-harden inspect -o yaml postgres:17 > postgres.yaml
  kube-harden inspect --config-only --platform linux/arm64 redis
  kube-harden inspect --registry-config pull-secret.yaml registry.example.com/team/app:3

Behind a proxy: HTTPS_PROXY and NO_PROXY. With a CA of your own: NODE_EXTRA_CA_CERTS=ca.crt.
`;

/** An image could not be inspected. */
const exitFailed = 2;

/** Makes the `inspect` command: what a registry has of an image, and what of it hardening has to know. */
export function inspectCommand(streams: Streams): Command {
  return new Command('inspect')
    .summary('look an image up in its registry: its user, capabilities, and where it writes')
    .description(
      'Reads images in their registries, nothing of which is kept, and tells whom they run as, which capabilities their programs carry and which directories they need to write to.',
    )
    .argument('<IMAGE...>', 'images, as a pod names them')
    .addOption(
      new Option('-o, --output <FORMAT>', 'table for people, or an ImageProfile as json or yaml')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .option('--config-only', 'leave the layers out: quick, but no users by name, capabilities and directories')
    .option('--platform <OS/ARCH[/VARIANT]>', 'of several (default: linux/amd64, or the first one for linux)')
    .addOption(
      new Option(
        '--registry-config <FILE>',
        "whom to sign in as: in the form of docker's config.json, or a Secret for imagePullSecrets; again for more (default: docker's and podman's own)",
      ).argParser(addTo),
    )
    .addOption(
      new Option('--mirror <REGISTRY=HOST[/PATH]>', 'ask another host before a registry; again for more').argParser(
        addMirror,
      ),
    )
    .addOption(
      new Option('--insecure-registry <HOST>', 'a host that may be asked without TLS; again for more').argParser(addTo),
    )
    .addOption(
      new Option(
        '--token-host <HOST>',
        "a host besides a registry's own that may have credentials; again for more",
      ).argParser(addTo),
    )
    .addOption(
      new Option('--timeout <SECONDS>', 'how long an image may take in all').argParser(readTimeout).default(600),
    )
    .addHelpText('after', examples)
    .action(async (images: readonly string[], flags: InspectFlags) => inspect(images, flags, streams));
}

function addTo(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

function addMirror(
  value: string,
  previous: ReadonlyMap<string, readonly string[]> | undefined,
): ReadonlyMap<string, readonly string[]> {
  const [, registry, mirror] = /^([\w.:[\]-]+)=([\w.:[\]-]+(?:\/[\w./-]+)?)$/.exec(value) ?? [];
  if (registry === undefined || mirror === undefined)
    throw new InvalidArgumentError('A mirror is written as docker.io=mirror.example.com or docker.io=example.com/hub.');
  return new Map([...(previous ?? []), [registry, [...(previous?.get(registry) ?? []), mirror]]]);
}

/** A day: an image that takes longer will not come. */
const mostSeconds = 86_400;

function readTimeout(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > mostSeconds)
    throw new InvalidArgumentError(`Seconds are a number from 1 to ${mostSeconds}.`);
  return seconds;
}

async function inspect(images: readonly string[], flags: InspectFlags, streams: Streams): Promise<void> {
  const options = await readOptions(flags);
  const inspected: InspectedImage[] = [];
  for (const image of images) {
    const found = await inspectOne(image, options, streams);
    if (found === undefined) continue;
    inspected.push(found);
    if (flags.output === 'table')
      streams.stdout.write(`${inspected.length === 1 ? '' : '\n'}${formatInspected(found)}`);
    else for (const remark of found.remarks) streams.stderr.write(`${image}: ${remark}\n`);
  }
  const profiles = inspected.map(({ profile }) => profile);
  if (flags.output === 'yaml') streams.stdout.write(writeManifest(profiles));
  if (flags.output === 'json' && profiles.length > 0)
    streams.stdout.write(`${JSON.stringify(asOne(profiles), null, 2)}\n`);
}

/** One image that is not there keeps nobody from the others: it is told, and `undefined`. */
async function inspectOne(
  image: string,
  options: Omit<InspectOptions, 'now' | 'onProgress'>,
  { stderr, setExitCode }: Streams,
): Promise<InspectedImage | undefined> {
  // Registries are for this command alone; the others start without what speaks to them.
  const { inspectImage } = await import('../registry/inspectImage.ts');
  const progress = makeProgress(stderr, 'MB of layers');
  const onProgress = (done: number, total: number): void => {
    progress.update(Math.round(done / bytesInMegabyte), Math.round(total / bytesInMegabyte));
  };
  try {
    return await inspectImage(image, { ...options, now: new Date(), onProgress });
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    progress.clear();
    stderr.write(`kube-harden: ${image.slice(0, longestName)}: ${error.message}\n`);
    setExitCode(exitFailed);
    return undefined;
  } finally {
    progress.clear();
  }
}

const bytesInMegabyte = 1_000_000;

/** Longer ones name no image, and are told shorter. */
const longestName = 300;

/** Several objects in one document are a List, which kubectl applies as well. */
function asOne(profiles: readonly InspectedImage['profile'][]): object {
  const [first] = profiles;
  return profiles.length === 1 && first !== undefined ? first : { apiVersion: 'v1', kind: 'List', items: profiles };
}

async function readOptions(flags: InspectFlags): Promise<Omit<InspectOptions, 'now' | 'onProgress'>> {
  const { findConfigFiles, makeCredentialFinder, readConfigFiles } = await import('../registry/configFiles.ts');
  const { defaultLimits } = await import('../registry/limits.ts');
  const { parsePlatform } = await import('../registry/manifest.ts');
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  if (flags.platform !== undefined && platform === undefined)
    throw new UsageError(
      `${JSON.stringify(flags.platform)} is no platform: they are written as linux/amd64 or linux/arm64/v8`,
    );
  const configs =
    flags.registryConfig === undefined
      ? await readConfigFiles(findConfigFiles(process.env))
      : await Promise.all(flags.registryConfig.map(readRegistryConfigFile));
  return {
    platform,
    configOnly: flags.configOnly === true,
    limits: { ...defaultLimits, seconds: flags.timeout },
    insecureHosts: flags.insecureRegistry ?? [],
    tokenHosts: flags.tokenHost ?? [],
    mirrors: flags.mirror ?? new Map(),
    credentialsFor: makeCredentialFinder(configs),
  };
}

/** What is named has to be there and to have something in it. */
async function readRegistryConfigFile(file: string): Promise<JsonObject> {
  const { readRegistryConfig } = await import('../registry/credentials.ts');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(describeFileError(file, error));
  }
  const document: Json | undefined = readManifest(text, file)[0]?.value;
  const config = document === undefined ? undefined : readRegistryConfig(document);
  if (config !== undefined) return config;
  throw new UsageError(`${file}: is neither in the form of docker's config.json nor a Secret with a .dockerconfigjson`);
}
