import { expect } from 'chai';
import type { Comparison } from '../../src/cluster/compareWebhooks.ts';
import { compareWebhooks } from '../../src/cluster/compareWebhooks.ts';
import { makeWebhooks } from '../../src/cluster/webhookConfiguration.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { enforce, enforcersExpressions, someChoices } from './webhooks.ts';

const wanted = makeWebhooks(someChoices);
const name = 'hardened.enforce.kube-harden.io';
const foreign: JsonObject = { name: 'sidecars.example.com', failurePolicy: 'Ignore' };

/** The webhooks with one of them changed. */
function withChanged(change: (webhook: JsonObject) => JsonObject): readonly JsonObject[] {
  return wanted.map((webhook) => (webhook['name'] === name ? change(webhook) : webhook));
}

const withSelector = (selector: Json): readonly JsonObject[] =>
  withChanged((webhook) => ({ ...webhook, namespaceSelector: selector }));

/** kube-harden's own, for the one that is changed. */
const own = (wanted.find((webhook) => webhook['name'] === name) as { namespaceSelector: JsonObject }).namespaceSelector;
const [byName, byLabel] = own['matchExpressions'] as readonly [JsonObject, JsonObject];

/** What was written is as it has to be. */
function expectSettled({ webhooks }: Comparison, expected: readonly JsonObject[]): void {
  expect(webhooks).to.deep.equal(expected);
  expect(compareWebhooks(webhooks, wanted).differences).to.deep.equal([]);
}

describe('compareWebhooks', () => {
  it('finds nothing to do in what it has made', () => {
    expect(compareWebhooks(wanted, wanted)).to.deep.equal({ differences: [], additions: [], webhooks: wanted });
  });

  it('finds all of it missing in an empty configuration', () => {
    const compared = compareWebhooks([], wanted);
    expect(compared.differences).to.deep.equal(
      wanted.map((webhook) => ({ webhook: webhook['name'], field: 'missing' })),
    );
    expectSettled(compared, wanted);
  });

  it("lets AKS' admissions enforcer add its expressions, and keeps them when it writes", () => {
    const enforced = enforce(wanted);
    expect(enforced).to.not.deep.equal(wanted);
    const compared = compareWebhooks(enforced, wanted);
    expect(compared.differences).to.deep.equal([]);
    expect(compared.additions).to.deep.equal(
      wanted.map((webhook) => ({ webhook: webhook['name'], field: 'namespaceSelector' })),
    );
    const renewed = makeWebhooks({ ...someChoices, caBundle: 'another CA' });
    const { differences, webhooks } = compareWebhooks(enforced, renewed);
    expect(new Set(differences.map(({ field }) => field))).to.deep.equal(new Set(['clientConfig']));
    expect(webhooks).to.deep.equal(enforce(renewed));
  });

  const additions: readonly (readonly [string, readonly JsonObject[]])[] = [
    ['labels to a selector', withSelector({ ...own, matchLabels: { team: 'a' } })],
    [
      'expressions before those of kube-harden',
      withSelector({ matchExpressions: [...enforcersExpressions, byName, byLabel] }),
    ],
    [
      'an expression of the same key',
      withSelector({
        matchExpressions: [
          byName,
          byLabel,
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['shop'] },
        ],
      }),
    ],
    [
      'a selector of objects',
      withChanged((webhook) => ({
        ...webhook,
        objectSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
      })),
    ],
    [
      'a match condition',
      withChanged((webhook) => ({
        ...webhook,
        matchConditions: [{ name: 'theirs', expression: 'true' }, ...(webhook['matchConditions'] as JsonObject[])],
      })),
    ],
    ['a field that is not known', withChanged((webhook) => ({ ...webhook, fieldOfTheFuture: { a: 1 } }))],
    ['webhooks of their own', [foreign, ...wanted, { ...foreign, name: 'more.example.com' }]],
  ];
  for (const [what, found] of additions) {
    it(`lets others add ${what}`, () => {
      const compared = compareWebhooks(found, wanted);
      expect(compared.differences).to.deep.equal([]);
      expect(compared.webhooks).to.deep.equal(found);
    });
  }

  it('restores what is its own beside what others have added', () => {
    const added = { key: 'team', operator: 'NotIn', values: ['a'] };
    const changes: readonly (readonly [string, Json])[] = [
      ['an expression is gone', { matchExpressions: [added, byLabel] }],
      ['a value is gone', { matchExpressions: [{ ...byName, values: ['kube-system'] }, byLabel, added] }],
      ['the operator is another', { matchExpressions: [{ ...byName, operator: 'In' }, byLabel, added] }],
      ['its label has another value', { matchExpressions: [byName, { ...byLabel, values: ['x'] }, added] }],
      [
        'its label comes twice',
        { matchExpressions: [byName, byLabel, { key: 'kube-harden.io/preview', operator: 'Exists' }, added] },
      ],
    ];
    for (const [what, selector] of changes) {
      const compared = compareWebhooks(withSelector(selector), wanted);
      expect(compared.differences, what).to.deep.equal([{ webhook: name, field: 'namespaceSelector' }]);
      expectSettled(compared, withSelector({ matchExpressions: [byName, byLabel, added] }));
    }
    const conditions = compareWebhooks(
      withChanged((webhook) => ({
        ...webhook,
        matchConditions: [{ name: 'is-no-mirror-pod', expression: 'false' }],
      })),
      wanted,
    );
    expect(conditions.differences).to.deep.equal([{ webhook: name, field: 'matchConditions' }]);
    expectSettled(conditions, wanted);
  });

  it('finds each field of its own that is changed or gone', () => {
    const [first = {}] = wanted;
    for (const field of Object.keys(first).filter((key) => key !== 'name')) {
      for (const value of ['other', undefined]) {
        const found = withChanged(({ [field]: _, ...webhook }) => ({
          ...webhook,
          ...(value !== undefined && { [field]: value }),
        }));
        const compared = compareWebhooks(found, wanted);
        expect(compared.differences, field).to.deep.equal([{ webhook: name, field }]);
        expectSettled(compared, wanted);
      }
    }
  });

  it('takes webhooks out that were its own, and sets its own in their order', () => {
    const old = { ...wanted[1], name: 'deleted.enforce.kube-harden.io' };
    const reversed = [foreign, ...[...wanted].reverse(), old];
    const compared = compareWebhooks(reversed, wanted);
    expect(compared.differences).to.deep.equal([
      { webhook: 'deleted.enforce.kube-harden.io', field: 'surplus' },
      { webhook: 'no-such-preview.kube-harden.io', field: 'order' },
    ]);
    expectSettled(compared, [foreign, ...wanted]);
  });
});
