import fc from 'fast-check';
import type { Json, JsonObject } from '../../../src/core/json/json.ts';
import { storedFields } from '../../../src/core/pod/storedFields.ts';

// Random pods in which every field of every message may stand. An API server would refuse most, but can store them.

const text = fc.oneof(
  fc.constantFrom('', 'a', '<&>', 'ü€😀'),
  fc.integer({ min: 120, max: 300 }).map((length) => 'x'.repeat(length)),
);
const int = fc.oneof(fc.constantFrom(0, 1, 127, 128, 16_384, -1), fc.integer());

const scalars: ReadonlyMap<string, fc.Arbitrary<Json>> = new Map<string, fc.Arbitrary<Json>>([
  ['string', text],
  ['bool', fc.boolean()],
  ['int', int],
  ['Quantity', fc.constantFrom('0', '1', '100m', '1536Mi', '12e9')],
  ['IntOrString', fc.oneof<fc.Arbitrary<Json>[]>(text, int)],
  ['Time', fc.constantFrom('2026-11-24T22:53:39Z', '1969-12-31T23:59:59Z', '9999-01-01T00:00:00Z')],
]);

const messages = new Map<string, fc.Arbitrary<JsonObject>>();

function messageOf(name: string): fc.Arbitrary<JsonObject> {
  const known = messages.get(name) ?? makeMessage(new Map(Object.entries(storedFields)).get(name) ?? '');
  messages.set(name, known);
  return known;
}

function makeMessage(fields: string): fc.Arbitrary<JsonObject> {
  const parts = fields
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => part.split(':'))
    .map(([name = '', , kind = '']) => ({ name, value: fieldOf(kind) }));
  // One message in four has nearly all, the others have few.
  const some = (chance: number): fc.Arbitrary<JsonObject> =>
    fc
      .tuple(
        ...parts.map(({ name, value }) =>
          fc
            .nat(99)
            .chain((die) => (die < chance ? value : fc.constant(undefined)))
            .map((chosen): JsonObject => {
              if (chosen === undefined) return {};
              return name === '' ? (chosen as JsonObject) : { [name]: chosen };
            }),
        ),
      )
      .map((chosen) => Object.assign({}, ...chosen) as JsonObject);
  return fc.oneof({ weight: 3, arbitrary: some(25) }, { weight: 1, arbitrary: some(75) });
}

function fieldOf(kind: string): fc.Arbitrary<Json> {
  const name = kind.replace(/[!*%]$/, '');
  const value = scalars.get(name) ?? messageOf(name);
  if (kind.endsWith('%')) return fc.dictionary(text, value, { maxKeys: 3 });
  return kind.endsWith('*') ? fc.array(fc.option(value, { freq: 10 }), { maxLength: 2 }) : value;
}

export const arbitraryStoredPod: fc.Arbitrary<JsonObject> = messageOf('Pod');
