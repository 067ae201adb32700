import type { CharacterClass, Glob, Segment, Token } from './glob.ts';
import { anySegments, isInClass } from './glob.ts';

/**
 * What names of images are made of, and whether a glob can match any: each part of the grammar is a finite automaton,
 * and a glob's segment is walked through it with all characters that each of its tokens may be.
 *
 * Source: distribution/reference, `grammar` at the head of reference.go.
 */

const kinds = ['lower', 'digit', 'upper', '.', '_', '-', ':'] as const;
type Kind = (typeof kinds)[number];

/** For each state, the one that a character leads to; where there is none, no name goes on so. `start` comes first. */
type Description = Readonly<Record<string, Readonly<Partial<Record<Kind, string>>>>>;

/** The same in numbers: sets of states are bits. */
interface Automaton {
  /** By a state's number and a kind's, the bit of the state that comes next; 0 where there is none. */
  readonly next: readonly (readonly number[])[];
  readonly ends: number;
}

function makeAutomaton(description: Description, ends: readonly string[]): Automaton {
  const states = Object.keys(description);
  const bitOf = (state: string | undefined): number => (state === undefined ? 0 : 1 << states.indexOf(state));
  return {
    next: states.map((state) => kinds.map((kind) => bitOf(description[state]?.[kind]))),
    ends: ends.reduce((bits, state) => bits | bitOf(state), 0),
  };
}

const afterLetter = { lower: 'letter', digit: 'letter' } as const;

/** `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`. */
const component = makeAutomaton(
  {
    start: afterLetter,
    letter: { ...afterLetter, '.': 'dot', _: 'underscore', '-': 'dash' },
    dot: afterLetter,
    underscore: { ...afterLetter, _: 'underscores' },
    underscores: afterLetter,
    dash: { ...afterLetter, '-': 'dash' },
  },
  ['letter'],
);

const afterHostLetter = { lower: 'host', digit: 'host', upper: 'domain' } as const;
const afterDomainLetter = { lower: 'domain', digit: 'domain', upper: 'domain' } as const;

/** A registry's host and port, with a dot, a colon or a capital in it: others would be taken for an organisation. */
const registry = makeAutomaton(
  {
    start: afterHostLetter,
    host: { ...afterHostLetter, '-': 'hostDash', '.': 'dot', ':': 'colon' },
    hostDash: { ...afterHostLetter, '-': 'hostDash' },
    dot: afterDomainLetter,
    domain: { ...afterDomainLetter, '-': 'domainDash', '.': 'dot', ':': 'colon' },
    domainDash: { ...afterDomainLetter, '-': 'domainDash' },
    colon: { digit: 'port' },
    port: { digit: 'port' },
  },
  ['domain', 'port'],
);

const componentForm = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*';
const registryForm = '[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]+)?';
const plainComponent = new RegExp(`^${componentForm}$`);
const plainName = new RegExp(`^(?:${registryForm}/)?${componentForm}(?:/${componentForm})*$`);

/** Whether a text is the name of an image without wildcards, as nearly all are; of unusual ones it says no. */
export function isPlainName(text: string): boolean {
  return plainName.test(text);
}

/** The segment of a glob that is no part of any image's name; `undefined` where there are names for all of them. */
export function impossibleSegment(glob: Glob): Segment | undefined {
  const first = glob.findIndex((segment) => segment !== anySegments);
  return glob.find((segment, index) => {
    if (segment === anySegments || isComponent(segment)) return false;
    const mayBeRegistry = index === first && index < glob.length - 1;
    return !(mayBeRegistry && canEnd(registry, segment));
  });
}

function isComponent(segment: Segment): boolean {
  return typeof segment === 'string' ? plainComponent.test(segment) : canEnd(component, segment);
}

/** Whether some text that the segment matches leads through the automaton to one of its ends. */
function canEnd(automaton: Automaton, segment: Segment): boolean {
  let states = 1;
  const tokens = typeof segment === 'string' ? [segment] : segment;
  for (const token of tokens) {
    if (token !== '*') {
      for (const each of typeof token === 'string' ? token : [token]) states = follow(automaton, states, kindsOf(each));
      continue;
    }
    // Any number of any characters: until nothing is added.
    for (let before = 0; before !== states; ) {
      before = states;
      states |= follow(automaton, states, allKinds);
    }
  }
  return (states & automaton.ends) !== 0;
}

/** The states that one character of these kinds leads to. */
function follow({ next }: Automaton, states: number, characters: number): number {
  let reached = 0;
  for (let state = 0; state < next.length; state += 1) {
    if ((states & (1 << state)) === 0) continue;
    for (let kind = 0; kind < kinds.length; kind += 1) {
      if ((characters & (1 << kind)) !== 0) reached |= next[state]?.[kind] ?? 0;
    }
  }
  return reached;
}

const allKinds = (1 << kinds.length) - 1;

/** The kinds, as bits, of which a token matches some character. */
function kindsOf(token: Token): number {
  if (token === '?') return allKinds;
  if (typeof token === 'string') return kindOf(token);
  if (token.isNegated) return kindsOutside(token);
  // A range has characters of one kind.
  return token.ranges.reduce((bits, [from]) => bits | kindOf(from), 0);
}

/** No kind for a character that is in no name. */
function kindOf(character: string): number {
  if (character >= 'a' && character <= 'z') return 1 << kinds.indexOf('lower');
  if (character >= '0' && character <= '9') return 1 << kinds.indexOf('digit');
  if (character >= 'A' && character <= 'Z') return 1 << kinds.indexOf('upper');
  const kind = (kinds as readonly string[]).indexOf(character);
  return kind === -1 ? 0 : 1 << kind;
}

/** What there is of each kind. */
const characters: readonly string[] = [
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  ...'._-:',
];

function kindsOutside(token: CharacterClass): number {
  let found = 0;
  for (const [kind, ofKind] of characters.entries()) {
    for (let index = 0; index < ofKind.length && (found & (1 << kind)) === 0; index += 1) {
      if (isInClass(token, ofKind[index] ?? '')) found |= 1 << kind;
    }
  }
  return found;
}
