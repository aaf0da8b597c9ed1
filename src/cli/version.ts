import { productVersion } from '../files/product-version.ts';
import type { Result } from './command.ts';

/** Returns what `compose version` and `compose --version` print. */
export async function versionResult(): Promise<Result> {
  const version = productVersion();
  return { kind: 'text', data: { version, node: process.versions.node }, text: `${version}\n` };
}
