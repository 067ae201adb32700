import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions, Tags } from 'yaml';

/** Not in sigs.k8s.io/yaml: dates stay strings, `1:30` stays a string, and nobody writes the others in a manifest. */
const absentTags: readonly string[] = ['timestamp', 'binary', 'omap', 'pairs', 'set'].map(
  (name) => `tag:yaml.org,2002:${name}`,
);

/** `0o777`, which YAML 1.2 and Go have and YAML 1.1 has not. */
const octal12: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  format: 'OCT12',
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => {
    const digits = BigInt(text.replace(/^[-+]/, '').replaceAll('_', ''));
    return text.startsWith('-') ? -digits : digits;
  },
};

/**
 * YAML as kubectl reads it: 1.1 for the most part (`yes` is true, `0777` is 511), with merge keys, and integers of any
 * length.
 *
 * Source: sigs.k8s.io/yaml, tried scalar by scalar.
 */
export const dialect: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  merge: true,
  intAsBigInt: true,
  prettyErrors: false,
  logLevel: 'silent',
  customTags: (tags: Tags) => [octal12, ...tags.filter((tag) => !isAbsent(tag))],
};

function isAbsent(tag: Tags[number]): boolean {
  if (typeof tag === 'string') return absentTags.includes(`tag:yaml.org,2002:${tag}`);
  return absentTags.includes(tag.tag) || ('format' in tag && tag.format === 'TIME');
}
