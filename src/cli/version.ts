import { writeSync } from 'node:fs';
import { productVersion } from '../files/product-version.ts';
import type { Result } from './command.ts';

/** Returns what `compose version` and `compose --version` print. */
export async function versionResult(): Promise<Result> {
  const version = productVersion();
  return { kind: 'text', data: { version, node: process.versions.node }, text: `${version}\n` };
}

/** Prints the version without loading anything else; returns false if standard output does not take it. */
export function printVersion(): boolean {
  const text = `${productVersion()}\n`;
  try {
    return writeSync(1, text) === text.length;
  } catch {
    return false;
  }
}
