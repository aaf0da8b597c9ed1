import { alpine } from '../../../src/distros/alpine/distro.ts';
import type { InstalledPackage } from '../../../src/distros/install.ts';
import { type ApkSpec, makeApk } from '../../fixtures/apk.ts';

export async function* chunksOf(bytes: Uint8Array, size = 1 << 16): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const UNTRUSTED = {
  allowUntrusted: true,
} as const;

/** Packages read from archives made by code, in install order. */
export async function installed(...specs: readonly ApkSpec[]): Promise<InstalledPackage[]> {
  const packages: InstalledPackage[] = [];
  for (const spec of specs) {
    const facts = await alpine.archives.read({
      chunks: chunksOf(makeApk(spec)),
      policy: UNTRUSTED,
      where: `${spec.name}.apk`,
    });
    packages.push({ facts, reason: 'dependency' });
  }
  return packages;
}
