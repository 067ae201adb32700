import { expect } from 'chai';
import fc from 'fast-check';
import { compareWebhooks } from '../../src/cluster/compareWebhooks.ts';
import { makeWebhooks } from '../../src/cluster/webhookConfiguration.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { bySeed, tries } from '../property.ts';
import { someChoices } from './webhooks.ts';

type Webhooks = readonly JsonObject[];
type Edit = (webhooks: Webhooks) => Webhooks;

const wanted = makeWebhooks(someChoices);
const before = makeWebhooks({ ...someChoices, policies: ['hardened', 'gone'], excludedNamespaces: ['shop'] });
const fields = Object.keys(wanted[0] ?? {}).filter((field) => field !== 'name');

const arbitraryExpression = fc.record({
  key: fc.constantFrom('control-plane', 'team', 'kubernetes.io/metadata.name', 'kube-harden.io/enforce'),
  operator: fc.constantFrom('In', 'NotIn'),
  values: fc.array(fc.constantFrom('a', 'kube-system'), { minLength: 1, maxLength: 2 }),
});

const at = (index: number, change: (webhook: JsonObject) => JsonObject): Edit => {
  return (webhooks) => webhooks.map((webhook, each) => (each === index % webhooks.length ? change(webhook) : webhook));
};

/** What somebody may do to a configuration, to what is theirs and to what is not. */
const arbitraryEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc
    .tuple(fc.nat(20), fc.constantFrom(...fields), fc.constantFrom<Json>('other', {}, [], null))
    .map(([index, field, value]) => at(index, (webhook) => ({ ...webhook, [field]: value }))),
  fc.tuple(fc.nat(20), arbitraryExpression, fc.boolean()).map(([index, expression, isFirst]) =>
    at(index, (webhook) => {
      const { namespaceSelector } = webhook as { namespaceSelector?: { matchExpressions?: Webhooks } };
      const { matchExpressions = [] } = namespaceSelector ?? {};
      const expressions = isFirst ? [expression, ...matchExpressions] : [...matchExpressions, expression];
      return { ...webhook, namespaceSelector: { ...namespaceSelector, matchExpressions: expressions } as Json };
    }),
  ),
  fc.nat(20).map(
    (index): Edit =>
      (webhooks) =>
        webhooks.filter((_, each) => each !== index % webhooks.length),
  ),
  fc.nat(9).map(
    (number): Edit =>
      (webhooks) => {
        const name = `${number}.example.com`;
        return webhooks.some((webhook) => webhook['name'] === name) ? webhooks : [{ name }, ...webhooks];
      },
  ),
  fc.constant<Edit>((webhooks) => [...webhooks].reverse()),
);

const isForeign = ({ name }: JsonObject): boolean => String(name).endsWith('.example.com');

describe(`compareWebhooks, whatever somebody does ${bySeed}`, () => {
  const check = (property: (found: Webhooks) => void): void => {
    const arbitraryFound = fc
      .tuple(fc.constantFrom(wanted, before, []), fc.array(arbitraryEdit, { maxLength: 6 }))
      .map(([start, edits]) => edits.reduce<Webhooks>((webhooks, edit) => edit(webhooks), start));
    fc.assert(fc.property(arbitraryFound, property), tries(2000));
  };

  it('leaves nothing to do once it is written', () => {
    check((found) => {
      const { webhooks } = compareWebhooks(found, wanted);
      const again = compareWebhooks(webhooks, wanted);
      expect(again.differences).to.deep.equal([]);
      expect(again.webhooks).to.deep.equal(webhooks);
    });
  });

  it('changes nothing where there is nothing to do', () => {
    check((found) => {
      const { differences, webhooks } = compareWebhooks(found, wanted);
      if (differences.length === 0) expect([...webhooks].sort(byName)).to.deep.equal([...found].sort(byName));
    });
  });

  it('keeps the webhooks of others, in their order', () => {
    check((found) => {
      const { webhooks } = compareWebhooks(found, wanted);
      expect(webhooks.filter(isForeign)).to.deep.equal(found.filter(isForeign));
    });
  });

  it('has all that it wants', () => {
    check((found) => {
      const { webhooks } = compareWebhooks(found, wanted);
      const own = webhooks.filter((webhook) => !isForeign(webhook));
      expect(own.map(({ name }) => name)).to.deep.equal(wanted.map(({ name }) => name));
      own.forEach((webhook, index) => {
        for (const field of fields.filter((each) => !/Selector$|^matchConditions$/.test(each))) {
          expect(webhook[field]).to.deep.equal(wanted[index]?.[field]);
        }
        const expressionsOf = ({ namespaceSelector }: JsonObject): Webhooks =>
          (namespaceSelector as { matchExpressions: Webhooks }).matchExpressions;
        expect(expressionsOf(webhook)).to.deep.include.members([...expressionsOf(wanted[index] ?? {})]);
      });
    });
  });
});

function byName(left: JsonObject, right: JsonObject): number {
  return String(left['name']).localeCompare(String(right['name']));
}
