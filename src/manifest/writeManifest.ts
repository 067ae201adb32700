import { Document } from 'yaml';

/** Values as YAML documents, in the words of the YAML 1.1 that kubectl reads. */
export function writeManifest(values: readonly unknown[]): string {
  return values
    .map((value) => new Document(value, { version: '1.1' }).toString({ lineWidth: 0, directives: false }))
    .join('---\n');
}
