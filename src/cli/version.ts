import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of package.json, two folders above src/cli or dist/cli. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  return (manifest as { version: string }).version;
}
