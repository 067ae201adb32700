import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { makePolicyResourceDefinition } from '../../src/cluster/policyResource.ts';
import type { JsonObject } from '../../src/core/json/json.ts';
import { isJsonObject } from '../../src/core/json/json.ts';
import { manifests } from '../install/install.ts';

/** From which the chart's is made: test/install/chart.test.ts. */
const file = join(manifests, 'base/crd.yaml');
const header = '# Made by `make golden` from src/core/policy/policy.ts, which reads the policies of files as well.\n';

describe('the definition of HardeningPolicy', () => {
  it('is what the manifests install', () => {
    const definition = makePolicyResourceDefinition();
    // Without anchors, which few people like to read.
    const text = header + stringify(definition, { aliasDuplicateObjects: false, lineWidth: 120 });
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).to.equal(text);
    expect(parse(text)).to.deep.equal(definition);
  });

  it('says what a field may be in no way that structural schemas do not know', () => {
    const text = JSON.stringify(makePolicyResourceDefinition());
    for (const word of ['anyOf', 'const', '$ref', '"additionalProperties":false', '$schema', 'definitions']) {
      expect(text).to.not.include(word);
    }
  });

  it('bounds every list, text and map of a spec', () => {
    const boundless: string[] = [];
    const bounds: Readonly<Record<string, string>> = { array: 'maxItems', string: 'maxLength' };
    const look = (schema: JsonObject, path: string): void => {
      const bound = 'additionalProperties' in schema ? 'maxProperties' : bounds[String(schema['type'])];
      if (bound !== undefined && !(bound in schema) && !('enum' in schema)) boundless.push(`${path} lacks ${bound}`);
      if (schema['x-kubernetes-preserve-unknown-fields'] === true) {
        expect(schema, path).to.include.keys('maxLength', 'maxProperties');
      }
      for (const [key, child] of Object.entries(isJsonObject(schema['properties']) ? schema['properties'] : {}))
        look(child as JsonObject, `${path}.${key}`);
      for (const key of ['items', 'additionalProperties'])
        if (isJsonObject(schema[key])) look(schema[key], `${path}[]`);
    };
    const [version] = (makePolicyResourceDefinition()['spec'] as unknown as { versions: readonly Definition[] })
      .versions;
    look(version?.schema.openAPIV3Schema.properties.spec ?? {}, 'spec');
    expect(boundless).to.deep.equal([]);
  });
});

interface Definition {
  readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: JsonObject } } };
}
