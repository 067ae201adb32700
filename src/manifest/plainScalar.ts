/** What an unquoted scalar says; integers beyond 2^53 are kept exactly. */
export type PlainValue = null | boolean | number | bigint | string;

/** Source: go.yaml.in/yaml/v2 resolve.go, `resolveMapList`. */
const words: ReadonlyMap<string, PlainValue> = new Map<string, PlainValue>([
  ...spell(true, 'y Y yes Yes YES true True TRUE on On ON'),
  ...spell(false, 'n N no No NO false False FALSE off Off OFF'),
  ...spell(null, '~ null Null NULL'),
  ['', null],
  ...spell(Number.NaN, '.nan .NaN .NAN'),
  ...spell(Number.POSITIVE_INFINITY, '.inf .Inf .INF +.inf +.Inf +.INF'),
  ...spell(Number.NEGATIVE_INFINITY, '-.inf -.Inf -.INF'),
]);

function spell(value: PlainValue, spellings: string): readonly (readonly [string, PlainValue])[] {
  return spellings.split(' ').map((spelling) => [spelling, value]);
}

const integer = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/;
const decimal = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

/**
 * Reads an unquoted scalar as kubectl does: `yes` is true, `0777` and `0o777` are 511, `1:30` and dates are strings.
 * Not-a-number and infinities come as such: JSON has none, so the caller refuses them.
 *
 * Source: go.yaml.in/yaml/v2 resolve.go, `resolve`.
 */
export function resolvePlainScalar(text: string): PlainValue {
  const word = words.get(text);
  if (word !== undefined) return word;
  // Here Go takes underscores between digits alone.
  if (text.startsWith('.')) return readDecimal(text.replace(/(?<=[0-9])_(?=[0-9])/g, '')) ?? text;
  if (!/^[-+0-9]/.test(text)) return text;
  const digits = text.replaceAll('_', '');
  return readInteger(digits) ?? readDecimal(digits) ?? text;
}

function readInteger(digits: string): number | bigint | undefined {
  const [, sign, magnitude] = integer.exec(digits) ?? [];
  if (sign === undefined || magnitude === undefined) return undefined;
  const absolute = BigInt(/^0[0-7]+$/.test(magnitude) ? `0o${magnitude}` : magnitude);
  // Go reads what has a sign as 64 bits with one, all else as 64 bits without.
  const limit = sign === '-' ? 2n ** 63n : sign === '+' ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  if (absolute > limit) return undefined;
  const value = sign === '-' ? -absolute : absolute;
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}

function readDecimal(digits: string): number | undefined {
  if (!decimal.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * A float as the key of a map: with 32 bits, and with an exponent from a million on.
 *
 * Source: sigs.k8s.io/yaml `convertToJSONableObject`, Go's `strconv.FormatFloat(key, 'g', -1, 32)`.
 */
export function formatFloatKey(value: number): string {
  const shortest = shortestSingle(Math.fround(value));
  const [mantissa = '', exponent = '0'] = shortest.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(shortest);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function shortestSingle(single: number): number {
  for (let precision = 1; precision <= 9; precision += 1) {
    const candidate = Number(single.toPrecision(precision));
    if (Math.fround(candidate) === single) return candidate;
  }
  return single;
}
