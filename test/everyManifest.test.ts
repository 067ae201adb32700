import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { answer } from '../src/admission/answer.ts';
import type { HardenedPod } from '../src/cli/hardenedPods.ts';
import { hardenPods, titleOf } from '../src/cli/hardenedPods.ts';
import type { Input } from '../src/cli/inputs.ts';
import { podsOf } from '../src/cli/inputs.ts';
import { applyPatch } from '../src/core/json/applyPatch.ts';
import type { Json } from '../src/core/json/json.ts';
import type { Patch, PatchOperation } from '../src/core/json/patch.ts';
import { movePatchBelow } from '../src/core/json/patch.ts';
import type { EditedManifest } from '../src/manifest/editManifest.ts';
import { editManifest } from '../src/manifest/editManifest.ts';
import { readManifest } from '../src/manifest/readManifest.ts';
import { run } from './cli/run.ts';
import { builtInPolicy } from './core/policies.ts';
import { manifestFolders, readManifestFolder, shop } from './manifestFolder.ts';

const policies = ['minimal', 'restricted', 'hardened'] as const;

for (const folder of manifestFolders) {
  describe(`every manifest of ${folder === shop ? 'the shop' : folder}`, function () {
    this.timeout(600_000);
    let inputs: readonly Input[] = [];
    let skipped: readonly string[] = [];
    /** What the preview tells of documents that no edit in place could change, under the policy `hardened`. */
    const rewritten: string[] = [];
    before(async () => {
      ({ inputs, skipped } = await readManifestFolder(folder));
    });
    after(() => {
      if (folder !== shop) process.stdout.write(`${summarize(inputs, skipped, rewritten)}\n`);
    });

    /** Tries each input, and fails with what is wrong in which of them. */
    async function tryEach(attempt: (input: Input) => Promise<void> | void): Promise<void> {
      const failures: string[] = [];
      for (const input of inputs) {
        try {
          await attempt(input);
        } catch (error) {
          failures.push(`${input.file}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      expect(failures).to.deep.equal([]);
    }

    for (const policy of policies) {
      it(`says what its patches say and keeps all other text, under ${policy}`, () =>
        tryEach((input) => {
          const { edited, expected } = preview(input, policy);
          if (policy === 'hardened') rewritten.push(...edited.rewritten);
          const read = readManifest(edited.text, 'preview').map(({ index, value }) => [index, value]);
          const kept = read.filter(([index]) => expected.has(index as number));
          expect(isDeepStrictEqual(kept, [...expected]), 'says something else').to.equal(true);
          if (edited.rewritten.length > 0) return;
          for (const { start, end } of edited.splices) expect(input.text.slice(start, end)).to.match(nothing);
        }));
    }

    it('is what preview prints, and a second preview changes nothing', () =>
      tryEach(async (input) => {
        const { edited } = preview(input, 'hardened');
        const again = hardenPods({ ...input, documents: readable(edited, input) }, builtInPolicy('hardened'));
        expect(again.flatMap(({ patch }) => patch)).to.deep.equal([]);
        if (input.documents.length < readManifest(input.text, input.file).length) return;
        const { stdout } = await run(['preview', '-f', input.file, '-o', 'yaml']);
        expect(stdout).to.equal(edited.text.endsWith('\n') ? edited.text : `${edited.text}\n`);
      }));

    it('is patched as the webhook patches its pods, the record of its work apart', () =>
      tryEach((input) => {
        for (const { pod } of podsOf(input)) {
          const object = { apiVersion: 'v1', kind: 'Pod', ...(pod as object) } as Json;
          const text = JSON.stringify(object);
          const [hardened] = hardenPods(
            { file: '-', text, documents: readManifest(text, '-') },
            builtInPolicy('hardened'),
          );
          const previewed = hardened?.patch ?? [];
          const sent = webhookPatch(object);
          expect(JSON.stringify(sent.slice(0, previewed.length))).to.equal(JSON.stringify(previewed));
          expect(sent.slice(previewed.length).filter((operation) => !isRecord(operation))).to.deep.equal([]);
          applyPatch(object, sent);
        }
      }));

    it('is explained', () =>
      tryEach(async (input) => {
        if (input.documents.length < readManifest(input.text, input.file).length) return;
        const { stdout } = await run(['explain', '-f', input.file]);
        for (const pod of podsOf(input)) expect(stdout).to.include(titleOf(pod));
      }));

    if (folder !== shop) return;

    it('would be taken by an API server', () => expect(skipped).to.deep.equal([]));

    it('is edited in place, but where an alias is in the way', () => {
      expect(rewritten).to.deep.equal([
        `${join(shop, 'price-feed.yaml')}:50:11: document 3: written anew by the YAML library, its spacing may have changed: what "<<" merges in changes`,
      ]);
    });

    it('was written for these tests, as the table says', () => {
      const readme = readFileSync(join(shop, 'README.md'), 'utf8');
      const listed = [...readme.matchAll(/^\| ([\w-]+\.\w+) \|/gm)].map(([, name]) => name);
      expect(listed).to.deep.equal(
        readdirSync(shop)
          .filter((name) => name !== 'README.md')
          .sort(),
      );
    });
  });
}

/** What may make way for something: no text at all, an empty map or list, and null. */
const nothing = /^\s*(?:\{\s*\}|\[\s*\]|null|~)?\s*$/;

function preview(
  input: Input,
  policy: (typeof policies)[number],
): { edited: EditedManifest; expected: ReadonlyMap<number, Json> } {
  const pods = hardenPods(input, builtInPolicy(policy));
  const edits = pods.map(({ source, patch }) => ({
    document: source.document,
    patch: documentPatch({ source, patch }),
  }));
  const expected = new Map(input.documents.map(({ index, value }) => [index, value]));
  for (const { document, patch } of edits) {
    expected.set(document.index, applyPatch(expected.get(document.index) ?? null, patch));
  }
  return { edited: editManifest(input.text, edits), expected };
}

function documentPatch({ source, patch }: Pick<HardenedPod, 'source' | 'patch'>): Patch {
  return movePatchBelow(patch, [...source.objectPath, ...source.podPath]);
}

/** The documents of a preview that stand for those of its input. */
function readable({ text }: EditedManifest, { file, documents }: Input): Input['documents'] {
  const indices = new Set(documents.map(({ index }) => index));
  return readManifest(text, file).filter(({ index }) => indices.has(index));
}

/** Whether an operation adds annotations and nothing else. */
function isRecord(operation: PatchOperation): boolean {
  if (operation.op !== 'add' || operation.path !== '/metadata')
    return operation.path.startsWith('/metadata/annotations');
  return isDeepStrictEqual(Object.keys(operation.value as object), ['annotations']);
}

function webhookPatch(object: Json): Patch {
  const request = {
    uid: 'u',
    resource: 'v1/pods',
    operation: 'CREATE',
    namespace: 'x',
    kind: 'Pod',
    name: undefined,
    username: undefined,
    isDryRun: false,
    object,
    oldObject: null,
  };
  const { response } = answer(request, builtInPolicy('hardened'), 'enforce').review;
  return response.patch === undefined ? [] : (JSON.parse(Buffer.from(response.patch, 'base64').toString()) as Patch);
}

function summarize(inputs: readonly Input[], skipped: readonly string[], rewritten: readonly string[]): string {
  const documents = inputs.reduce((sum, input) => sum + input.documents.length, 0);
  const pods = inputs.reduce((sum, input) => sum + podsOf(input).length, 0);
  return [
    `${inputs.length} files, ${documents} documents, ${pods} pods; ${rewritten.length} documents were written anew.`,
    ...rewritten,
    `${skipped.length} files or documents were skipped, as no API server would take them:`,
    ...skipped,
  ]
    .map((line) => `      ${line}`)
    .join('\n');
}
