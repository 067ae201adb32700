/** Source: k8s.io/apimachinery pkg/api/resource, `Quantity`, without signs and exponents. */
const form = /^(\d{1,18}(?:\.\d{1,9})?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

const factors: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The bytes of a size such as `64Mi`; undefined for what is none. */
export function bytesOf(size: string): number | undefined {
  const [, number, unit] = form.exec(size) ?? [];
  return number === undefined ? undefined : Number(number) * (unit === undefined ? 1 : (factors[unit] ?? 1));
}
