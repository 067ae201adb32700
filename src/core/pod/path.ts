/** Paths inside a container, compared as the kubelet and the runtime resolve them. */
import { utf8Length } from '../json/utf8.ts';

/** Absolute, without empty, `.` and `..` segments and without a slash at its end; `tmp`, `/tmp/` and `//tmp` are one. */
export function cleanPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

/**
 * A clean path as nearly every image resolves it: `/var/run` is a link to `/run`, so a mount at the one lies over a
 * mount at the other. Source: Filesystem Hierarchy Standard 3.0, section 5.13.
 */
export function resolveRun(path: string): string {
  return isAtOrBelow(path, '/var/run') ? path.slice('/var'.length) : path;
}

/** Whether one clean path is another or lies below it. */
export function isAtOrBelow(path: string, ancestor: string): boolean {
  return path === ancestor || ancestor === '/' || path.startsWith(`${ancestor}/`);
}

/** A clean path, and where that is. */
export interface Place {
  readonly path: string;
  /** `resolveRun`. */
  readonly place: string;
  /** By what places are sorted so that all that lies below one follows it at once: `/a`, `/a/b`, `/a-b`. */
  readonly order: string;
}

/** @param path a clean one */
export function locate(path: string): Place {
  const place = resolveRun(path);
  return { path, place, order: place.replaceAll('/', '\0') };
}

/** For sorting: what comes first in `order`. */
export function compareOrder({ order: left }: Place, { order: right }: Place): number {
  return left < right ? -1 : Number(left > right);
}

/** In bytes: Linux' PATH_MAX without its closing zero byte. */
const longestPath = 4095;

/** In bytes: Linux' NAME_MAX. */
const longestSegment = 255;

/** What below these is the kernel's; an emptyDir there hides devices and process files. */
const kernelPaths: readonly string[] = ['/proc', '/sys', '/dev'];

/** Where the API server itself mounts the service account's token, on the cluster but in no manifest. */
const tokenPath = '/run/secrets/kubernetes.io/serviceaccount';

/** Why no emptyDir may be mounted at a declared path, as words for people; `undefined` for a good one. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'is not absolute';
  // First, since nothing that follows is meant for a path of megabytes.
  if (path.length > longestPath || utf8Length(path) > longestPath) return `is longer than ${longestPath} bytes`;
  const segments = path.split('/');
  if (segments.includes('..')) return 'has a ".." in it';
  if (path.includes(':')) return 'has a ":" in it, which a mountPath must not';
  if (hasControlCharacter(path)) return 'has a control character in it';
  // JSON can say it, no file system: the runtime would find another character there.
  if (!path.isWellFormed()) return 'has half of a surrogate pair in it';
  if (segments.some((segment) => utf8Length(segment) > longestSegment)) {
    return `has a segment that is longer than ${longestSegment} bytes`;
  }
  const clean = cleanPath(path);
  if (clean === '/') return 'is the root itself';
  const kernelPath = kernelPaths.find((ancestor) => isAtOrBelow(clean, ancestor));
  if (kernelPath !== undefined) return clean === kernelPath ? 'belongs to the kernel' : `lies below ${kernelPath}`;
  if (isAtOrBelow(resolveRun(clean), tokenPath)) return "is the service account token's";
  return undefined;
}

/** A zero byte ends a path, and others are in none that anybody means. */
export function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

/** A size that an emptyDir's sizeLimit takes: whole or decimal, in bytes or with a unit of k, Mi, Gi, …. */
export function isSizeLimit(text: string): boolean {
  // Source: k8s.io/apimachinery resource.Quantity, without signs, parts of a byte and exponents.
  return /^[0-9]{1,12}(\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/.test(text);
}
