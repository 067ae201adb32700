import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { makePolicyResourceDefinition } from '../../src/cluster/policyResource.ts';
import { manifests } from '../install/install.ts';

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
});
