import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version in package.json, which lies beside `src/` as it does beside `dist/`. */
export function readVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
