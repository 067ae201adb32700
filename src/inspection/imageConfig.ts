import { objectField, stringField, stringItems } from '../core/json/fields.ts';
import type { JsonObject } from '../core/json/json.ts';

/** What an image says of how to run it (OCI image specification, "Image Configuration"). */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  /** As written; empty for none. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly volumes: readonly string[];
  readonly ports: readonly ImagePort[];
  /** For finding programs and directories that the image has; never told, since there are secrets in it. */
  readonly environment: ReadonlyMap<string, string>;
}

export interface ImagePort {
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** Reads an image's configuration; what is missing or of a wrong type is read as not there, as runtimes do. */
export function readImageConfig(document: JsonObject): ImageConfig {
  const config = objectField(document, 'config');
  return {
    os: stringField(document, 'os') ?? '',
    architecture: stringField(document, 'architecture') ?? '',
    variant: stringField(document, 'variant'),
    user: stringField(config, 'User')?.trim() ?? '',
    entrypoint: stringItems(config, 'Entrypoint'),
    command: stringItems(config, 'Cmd'),
    workingDirectory: stringField(config, 'WorkingDir') ?? '',
    volumes: Object.keys(objectField(config, 'Volumes') ?? {}),
    ports: Object.keys(objectField(config, 'ExposedPorts') ?? {}).flatMap(readPort),
    environment: new Map(
      stringItems(config, 'Env').map((line) => {
        const equals = line.indexOf('=');
        return equals === -1 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
      }),
    ),
  };
}

function readPort(text: string): readonly ImagePort[] {
  const [, number, protocol = 'tcp'] = /^([0-9]{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const containerPort = Number(number ?? 0);
  if (containerPort < 1 || containerPort > 65_535) return [];
  return [{ containerPort, protocol: protocol.toUpperCase() as ImagePort['protocol'] }];
}
