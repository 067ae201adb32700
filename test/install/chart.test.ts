import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { manifests } from './install.ts';

const base = join(manifests, 'base');
const chart = join(manifests, 'chart');
const read = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');

/** What differs in the chart in nothing but the names and labels that a release chooses. */
const plain = ['crd', 'pod-disruption-budget', 'rbac', 'resource-quota', 'service-account'];

/** Makes a template of a file of the base. What is for Helm alone stands there as a comment: `# {{- if … }}`. */
function makeTemplate(text: string): string {
  return text
    .replaceAll(/^( *)# (\{\{.*\}\})$/gm, '$1$2')
    .replaceAll(/^( *)namespace: kube-harden$/gm, '$1namespace: {{ .Release.Namespace }}')
    .replaceAll(
      /^( {2}labels:\n {4})app\.kubernetes\.io\/name: kube-harden$/gm,
      '$1{{- include "kube-harden.labels" . | nindent 4 }}',
    );
}

describe('the chart', () => {
  for (const file of plain) {
    it(`has ${file}.yaml from the base, by \`make golden\``, () => {
      const template = makeTemplate(read(base, `${file}.yaml`));
      const path = join(chart, 'templates', `${file}.yaml`);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, template);
      expect(readFileSync(path, 'utf8')).to.equal(template);
    });
  }

  const schema = z.object({ properties: z.record(z.string(), z.json()) });
  const values = parseDocument(read(chart, 'values.yaml')).toJS() as Record<string, unknown>;

  it('has a default for each value of its schema, and knows no others', () => {
    const { properties } = schema.parse(JSON.parse(read(chart, 'values.schema.json')));
    expect(['global', ...Object.keys(values)]).to.have.members(Object.keys(properties));
  });

  it('is tried with another value for each', () => {
    const tried = parseDocument(read(import.meta.dirname, 'unusualValues.yaml')).toJS() as Record<string, unknown>;
    expect(Object.keys(tried)).to.have.members(Object.keys(values));
    for (const [name, value] of Object.entries(tried)) expect(value, name).to.not.deep.equal(values[name]);
  });

  it('says of each value what it is', () => {
    const lines = read(chart, 'values.yaml').split('\n');
    for (const name of Object.keys(values)) {
      const at = lines.findIndex((line) => line.startsWith(`${name}:`));
      // Some that belong together share a comment.
      const before = lines.slice(0, at).reverse();
      const block = before.slice(0, before.indexOf(''));
      expect(
        block.concat(lines[at + 1] ?? '').some((line) => line.trim().startsWith('#')),
        name,
      ).to.equal(true);
    }
  });
});
