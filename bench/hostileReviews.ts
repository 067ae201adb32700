import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Recorded from a real API server. */
const recorded = readFileSync(join(import.meta.dirname, '../test/admission/recorded/create-pod.json'), 'utf8');

/** A review that was made to hurt, of about so many bytes. */
export interface HostileReview {
  readonly name: string;
  readonly make: (bytes: number) => Buffer;
  /** Whether it is of a size of its own, which takes longer than 8 MiB that are refused: for the benchmark alone. */
  readonly isStorable?: boolean;
}

/** What the API server fills in in each container. */
const defaults =
  '"resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always"';

const inSpec = (name: string, fields: string, make: (size: number) => string): HostileReview => ({
  name,
  make: (bytes) => review(`"metadata":{"name":"web"},"spec":{${fields}${make(bytes - 2000)}}`),
});

const one = '"containers":[{"name":"c","image":"nginx"}],';

/** Each hurts something else: the parser, the rules, the patch, the warnings, the memory, the log. */
export const hostileReviews: readonly HostileReview[] = [
  inSpec('containers', '', (size) => list('containers', size, (n) => `{"name":"c${n}","image":"nginx",${defaults}}`)),
  inSpec('containers beside root', '', (size) =>
    list('containers', size, (n) =>
      n === 0
        ? '{"name":"c0","image":"nginx","securityContext":{"runAsUser":0}}'
        : `{"name":"c${n}","image":"registry.example.com/team/app-${n}:1.2.3",${defaults}}`,
    ),
  ),
  inSpec('containers of two fields', '', (size) => list('containers', size, (n) => `{"name":"c${n}","image":"a"}`)),
  inSpec('mounts and volumes', '', (size) => {
    const mounts = list('volumeMounts', size / 2, (n) => `{"name":"volume-${n}","mountPath":"/path/of/mount/${n}"}`);
    const volumes = list('volumes', size / 2, (n) => `{"name":"volume-${n}","configMap":{"name":"settings-${n}"}}`);
    return `"containers":[{"name":"c","image":"nginx",${mounts}}],${volumes}`;
  }),
  inSpec('mounts', one, (size) => {
    const mounts = list('volumeMounts', size, (n) => `{"name":"v","mountPath":"/var/run/${n}/x"}`);
    return `"initContainers":[{"name":"i","image":"nginx",${mounts}}],"volumes":[{"name":"v","emptyDir":{}}]`;
  }),
  inSpec('volumes', one, (size) => list('volumes', size, (n) => `{"name":"kube-harden-volume-${n}","emptyDir":{}}`)),
  annotated('claims', (size) => {
    const names = repeat(size - 100, (n) => `\\"spec.containers[c${n}].securityContext.runAsNonRoot\\"`);
    return `"kube-harden.io/policy":"hardened","kube-harden.io/claim":"v1.x.{}","kube-harden.io/added":"[${names}]"`;
  }),
  annotated(
    'declared paths',
    (size) => `"kube-harden.io/writable-paths":"${repeat(size, (n) => `/declared/path/${n}`)}"`,
  ),
  annotated('annotations', (size) => repeat(size, (n) => `"writable-paths.kube-harden.io/c${n}":"/tmp"`)),
  inSpec(
    'environment of "<"',
    '',
    (size) =>
      `"containers":[{"name":"c","image":"nginx","env":[{"name":"A","value":"${'\\u003c'.repeat(size / 6)}"}]}]`,
  ),
  inSpec('one long string', '', (size) => `"containers":[{"name":"${'n'.repeat(size)}","image":"nginx"}]`),
  inSpec('one long image', '', (size) => `"containers":[{"name":"c","image":"${'a/'.repeat(size / 2)}"}]`),
  inSpec(
    'other alphabets',
    '',
    (size) => `"containers":[{"name":"c","image":"nginx","args":["${'文'.repeat(size / 3)}"]}]`,
  ),
  inSpec('short strings', one, (size) => list('x', size, (n) => `"${n}"`)),
  inSpec('numbers', one, (size) => list('x', size, () => '1')),
  inSpec('a long number', one, (size) => `"x":${'1'.repeat(size)}`),
  inSpec('empty objects', one, (size) => list('x', size, () => '{}')),
  inSpec('objects of ever new shapes', one, (size) => list('x', size, (n) => `{"a${n % 1000}":1,"b${n}":2,"c":{}}`)),
  inSpec('distinct keys', one, (size) => `"x":{${repeat(size, (n) => `"k${n}":1`)}}`),
  inSpec('one key, again and again', one, (size) => `"x":{${repeat(size, () => '"k":1')}}`),
  inSpec('brackets, sixty deep', one, (size) => list('x', size, () => '['.repeat(60) + ']'.repeat(60))),
  inSpec('keys before white space', one, (size) => list('x', size, (n) => `{"k${n}" :1}`)),
  inSpec('keys that are numbers', one, (size) => list('x', size, () => '{"4294967001":1}')),
  storable('of 0.7 MB', 60_000, () => '{"name":""}'),
  storable('of 1.5 MB', 32_000, (n) => `{"name":"c${n}","image":"nginx","resources":{}}`),
  storable('of 3 MB, one root', 17_000, (n) =>
    n === 0
      ? '{"name":"c0","image":"nginx","securityContext":{"runAsUser":0}}'
      : `{"name":"c${n}","image":"nginx",${defaults}}`,
  ),
  { name: 'brackets, as deep as long', make: (size) => Buffer.from('['.repeat(size)) },
  { name: 'objects, as deep as long', make: (size) => Buffer.from('{"a":'.repeat(size / 5)) },
];

/** Containers of which so many can just be stored, whatever size is asked for. */
function storable(name: string, count: number, container: (index: number) => string): HostileReview {
  const containers = Array.from({ length: count }, (_, index) => container(index)).join(',');
  const make = (): Buffer => review(`"metadata":{"name":"web"},"spec":{"containers":[${containers}]}`);
  return { name: `containers ${name}`, make, isStorable: true };
}

function review(object: string): Buffer {
  const parsed = JSON.parse(recorded) as { request: { object: unknown } };
  parsed.request.object = '@@object@@';
  const pod = `{"kind":"Pod","apiVersion":"v1",${object}}`;
  return Buffer.from(JSON.stringify(parsed).replace('"@@object@@"', () => pod));
}

function annotated(name: string, make: (size: number) => string): HostileReview {
  const spec = '"spec":{"containers":[{"name":"c","image":"nginx"}]}';
  return { name, make: (bytes) => review(`"metadata":{"name":"web","annotations":{${make(bytes - 2000)}}},${spec}`) };
}

function list(name: string, size: number, item: (index: number) => string): string {
  return `"${name}":[${repeat(size, item)}]`;
}

function repeat(size: number, item: (index: number) => string): string {
  const items: string[] = [];
  for (let length = 0; length < size; length += (items.at(-1)?.length ?? 0) + 1) items.push(item(items.length));
  return items.join(',');
}
