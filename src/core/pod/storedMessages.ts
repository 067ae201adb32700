/** The messages of a pod as the API server stores them, made ready to measure from what is recorded of them. */
import { storedFields } from './storedFields.ts';
import { varintSize, withLength } from './varint.ts';

/** What JSON writes as one value. */
const scalars = ['string', 'bool', 'int', 'Quantity', 'IntOrString', 'Time'] as const;
export type Scalar = (typeof scalars)[number];

export interface Message {
  readonly fields: ReadonlyMap<string, Field>;
  /** The bytes of its fields that are written although they are empty. */
  readonly empty: number;
  /** A message that has no name in JSON, around some of the fields; there is at most one, and none in it. */
  readonly nested: { readonly tag: number; readonly empty: number } | undefined;
}

export interface Field {
  /** The bytes of its tag. */
  readonly tag: number;
  readonly kind: Scalar | Message;
  readonly holds: 'one' | 'list' | 'map';
  /** The bytes that are written where it is left out. */
  readonly empty: number;
  readonly isNested: boolean;
}

/** A scalar that is left out, with its length: a Quantity says "0", an IntOrString its type, a number and a text. */
const emptyScalars: Readonly<Record<Scalar, number>> = {
  string: 1,
  bool: 1,
  int: 1,
  Quantity: 4,
  IntOrString: 7,
  Time: 1,
};

/** How many bytes a value of a kind takes that is empty or null, with its length. */
export function emptySize(kind: Scalar | Message): number {
  return typeof kind === 'string' ? emptyScalars[kind] : withLength(withNested(kind.empty, kind.nested));
}

/** The bytes of a message that has another one without a name in it. */
export function withNested(own: number, nested: Message['nested'], bytes = nested?.empty ?? 0): number {
  return nested === undefined ? own : own + nested.tag + withLength(bytes);
}

function readMessages(): ReadonlyMap<string, Message> {
  const texts = new Map(Object.entries(storedFields));
  const messages = new Map<string, Message>();
  const read = (name: string): Message => {
    const known = messages.get(name) ?? readMessage(texts.get(name) ?? '', read);
    messages.set(name, known);
    return known;
  };
  for (const name of texts.keys()) read(name);
  return messages;
}

/** @param read another message by its name; none has itself within */
function readMessage(text: string, read: (name: string) => Message): Message {
  const fields = new Map<string, Field>();
  let empty = 0;
  let nested: Message['nested'];
  for (const part of text.split(' ').filter((word) => word !== '')) {
    const [name = '', number = '', kind = ''] = part.split(':');
    const field = readField(Number(number), kind, read);
    if (name !== '' || typeof field.kind === 'string') {
      fields.set(name, field);
      empty += field.empty;
    } else {
      for (const [key, inner] of field.kind.fields) fields.set(key, { ...inner, isNested: true });
      nested = { tag: field.tag, empty: field.kind.empty };
    }
  }
  return { fields, empty, nested };
}

const holding: ReadonlyMap<string, Field['holds']> = new Map([
  ['*', 'list'],
  ['%', 'map'],
]);

function readField(number: number, text: string, read: (name: string) => Message): Field {
  const name = text.replace(/[!*%]$/, '');
  const kind = scalars.find((scalar) => scalar === name) ?? read(name);
  // A tag is the number of the field and three bits that say how long its value is.
  const tag = varintSize(number * 8);
  const empty = text.endsWith('!') ? tag + emptySize(kind) : 0;
  return { tag, kind, holds: holding.get(text.slice(-1)) ?? 'one', empty, isNested: false };
}

export const podMessage: Message = readMessages().get('Pod') ?? { fields: new Map(), empty: 0, nested: undefined };
