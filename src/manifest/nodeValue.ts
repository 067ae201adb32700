import type { Alias, ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Json } from '../core/json/json.ts';
import { DocumentProblem } from './manifestError.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { deepestNesting } from './parseDocument.ts';
import type { PlainValue } from './plainScalar.ts';
import { formatFloatKey, resolvePlainScalar } from './plainScalar.ts';

/** A JSON value in which integers beyond 2^53 are kept, so that no digit gets lost unseen when a text is edited. */
export type ExactValue = null | boolean | number | bigint | string | ExactValue[] | { [key: string]: ExactValue };
export type ExactObject = { [key: string]: ExactValue };

type MapNode = YAMLMap.Parsed<ParsedNode, ParsedNode | null>;
type ListNode = YAMLSeq.Parsed<ParsedNode>;

/** More values than this are no manifest but a bomb: aliases of aliases of aliases. */
const mostAliasedValues = 100_000;

interface Reading {
  readonly targets: ReadonlyMap<Alias, ParsedNode>;
  depth: number;
  aliasDepth: number;
  aliasedValues: number;
}

/**
 * What a node says to kubectl, fresh at each call. An alias is written out, `<<` is merged in.
 *
 * @throws {DocumentProblem} for duplicate keys, tags of one's own, keys and numbers that JSON cannot say, alias bombs.
 */
export function exactValueOf(node: ParsedNode, { targets }: Pick<ParsedDocument, 'targets'>): ExactValue {
  return readNode(node, { targets, depth: 0, aliasDepth: 0, aliasedValues: 0 });
}

/** The same with numbers alone: integers beyond 2^53 are rounded. Changes the given value in place. */
export function roundIntegers(value: ExactValue): Json {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries()) value[index] = roundIntegers(entry) as ExactValue;
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) setOwn(value, key, roundIntegers(value[key] ?? null) as ExactValue);
  }
  return value as Json;
}

/**
 * A copy in which no two places share an object: the values of a patch may, and structuredClone would keep that, so
 * that a change at one place would be one at the other.
 */
export function copyJson(value: Json): ExactValue {
  return JSON.parse(JSON.stringify(value)) as ExactValue;
}

/** Whether two values say the same; big integers to the last digit where both sides have all of them. */
export function isSameValue(left: ExactValue | undefined, right: ExactValue | undefined): boolean {
  if (left === right) return true;
  if (typeof left !== typeof right) return isSameInteger(left, right) || isSameInteger(right, left);
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((entry, index) => isSameValue(entry, right[index]));
  }
  if (!isExactObject(left) || !isExactObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && isSameValue(left[key], right[key]))
  );
}

/** A patch brings its large integers as numbers, the text says them with digits. */
function isSameInteger(exact: ExactValue | undefined, rounded: ExactValue | undefined): boolean {
  return typeof exact === 'bigint' && Number(exact) === rounded;
}

export function isExactObject(value: ExactValue | undefined): value is ExactObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Unlike assignment, makes an own property of `__proto__` as well. */
export function setOwn(object: ExactObject, key: string, value: ExactValue): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function readNode(node: ParsedNode, reading: Reading): ExactValue {
  if (reading.aliasDepth > 0) countAliased(node, reading);
  if (isAlias(node)) return readAlias(node, reading);
  if (isScalar(node)) return readScalar(node as Scalar.Parsed);
  if (reading.depth >= deepestNesting) {
    throw new DocumentProblem(node.range[0], `nested deeper than ${deepestNesting}`);
  }
  reading.depth += 1;
  const value = isMap(node) ? readMap(node as MapNode, reading) : readList(node as ListNode, reading);
  reading.depth -= 1;
  return value;
}

function countAliased(node: ParsedNode, reading: Reading): void {
  reading.aliasedValues += 1;
  if (reading.aliasedValues > mostAliasedValues) {
    throw new DocumentProblem(node.range[0], `aliases stand for more than ${mostAliasedValues} values`);
  }
}

function readAlias(node: Alias.Parsed, reading: Reading): ExactValue {
  const target = reading.targets.get(node);
  if (target === undefined) throw new DocumentProblem(node.range[0], `no anchor "${node.source}" before its alias`);
  reading.aliasDepth += 1;
  const value = readNode(target, reading);
  reading.aliasDepth -= 1;
  return value;
}

function readList(node: ListNode, reading: Reading): ExactValue[] {
  refuseTag(node, 'seq');
  return node.items.map((item) => readNode(item, reading));
}

function readMap(node: MapNode, reading: Reading): ExactObject {
  refuseTag(node, 'map');
  const object: ExactObject = {};
  const written = new Set<string>();
  for (const { key, value } of node.items) {
    if (isMergeKey(key)) {
      merge(object, value ?? key, reading);
      continue;
    }
    const name = keyOf(key, reading.targets);
    if (written.has(name)) throw new DocumentProblem(key.range[0], `duplicate key ${JSON.stringify(name)}`);
    written.add(name);
    setOwn(object, name, value === null ? null : readNode(value, reading));
  }
  return object;
}

/** Go merges where `<<` stands: what is written before it is overridden, what follows it overrides. */
function merge(object: ExactObject, source: ParsedNode, reading: Reading): void {
  const sources = isSeq(source) ? [...(source as ListNode).items].reverse() : [source];
  for (const from of sources) {
    const target = isAlias(from) ? reading.targets.get(from) : from;
    if (!isMap(target)) throw new DocumentProblem(from.range[0], 'what "<<" merges in must be a map');
    for (const [key, value] of Object.entries(readNode(from, reading) as ExactObject)) setOwn(object, key, value);
  }
}

/** Whether a key is `<<`, unquoted. */
export function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<' && key.tag === undefined;
}

/**
 * The key as JSON has it: kubectl makes strings of numbers and booleans.
 *
 * @throws {DocumentProblem} for keys that are null, lists or maps.
 */
export function keyOf(key: ParsedNode, targets: ReadonlyMap<Alias, ParsedNode>): string {
  const node = isAlias(key) ? targets.get(key) : key;
  if (!isScalar(node)) throw new DocumentProblem(key.range[0], 'a key must be a string');
  const value = readScalar(node as Scalar.Parsed);
  if (value === null) throw new DocumentProblem(key.range[0], 'a key must not be null');
  if (typeof value !== 'number') return String(value);
  return isWrittenAsFloat(node as Scalar.Parsed) ? formatFloatKey(value) : String(value);
}

function isWrittenAsFloat(node: Scalar.Parsed): boolean {
  return node.tag === 'tag:yaml.org,2002:float' || !/^[-+]?(0[xXbBoO][0-9a-fA-F_]+|[0-9_]+)$/.test(String(node.value));
}

const typeByTag: ReadonlyMap<string, (value: PlainValue) => boolean> = new Map([
  ['int', (value) => typeof value === 'bigint' || Number.isInteger(value)],
  ['float', (value) => typeof value === 'bigint' || typeof value === 'number'],
  ['bool', (value) => typeof value === 'boolean'],
  ['null', (value) => value === null],
]);

function readScalar(node: Scalar.Parsed): null | boolean | number | bigint | string {
  const text = String(node.value);
  const { tag } = node;
  if (tag === undefined && node.type !== 'PLAIN') return text;
  const name = shortTag(tag);
  if (name === 'str' || tag === '!') return text;
  const value = resolvePlainScalar(text);
  if (name !== undefined && typeByTag.get(name)?.(value) !== true) {
    throw new DocumentProblem(node.range[0], `${JSON.stringify(text)} is no !!${name}`);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new DocumentProblem(node.range[0], `JSON has no number like ${text}`);
  }
  return value;

  function shortTag(full: string | undefined): string | undefined {
    if (full === undefined || full === '!') return undefined;
    const short = full.replace('tag:yaml.org,2002:', '');
    if (short === full || (short !== 'str' && !typeByTag.has(short))) refuseTag(node, '');
    return short;
  }
}

function refuseTag(node: ParsedNode, expected: string): void {
  const tag = isAlias(node) ? undefined : node.tag;
  if (tag === undefined || tag === '!' || tag === `tag:yaml.org,2002:${expected}`) return;
  throw new DocumentProblem(node.range[0], `unknown tag ${tag.replace('tag:yaml.org,2002:', '!!')}`);
}
