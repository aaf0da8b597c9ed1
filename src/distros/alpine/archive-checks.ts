import { sniff } from '../../archive/sniff.ts';
import { AppError } from '../../model/app-error.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { UnverifiedInput } from '../inputs.ts';
import { unreadable } from '../shared/unreadable.ts';

/**
 * Passes the archive's bytes on after a look at the first: an apk v2 is gzip.
 * @throws AppError UNSUPPORTED for apk 3's ADB format and for other compressions, BAD_ARCHIVE for anything else
 */
export async function* requireApk2(input: UnverifiedInput): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  let known = false;
  for await (const chunk of input.chunks) {
    if (known) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < 4) continue;
    requireMagic(head, input.where);
    known = true;
    yield head;
  }
  if (!known) requireMagic(head, input.where);
}

function requireMagic(head: Buffer, where: string): void {
  const magic = sniff(head);
  if (magic === 'gzip') return;
  if (magic === 'apk3') {
    throw new AppError(
      'UNSUPPORTED',
      "a package in apk 3's ADB format, which is not a tar and cannot be used as a layer",
      {
        hint: 'Use the apk v2 package of the same release: every Alpine mirror still serves v2.',
      },
    );
  }
  throw unreadable(magic, head, {
    where,
    what: 'an apk package (gzip members)',
    code: 'BAD_ARCHIVE',
    repack: 'Build the package again with abuild, melange or nfpm: an apk package is gzip.',
  });
}

/**
 * Compares an archive with its index entry: identity, name, version and size.
 * @throws AppError INTEGRITY when it is not the archive that the index lists
 */
export function matchIndex(
  facts: { identity: string; name: string; version: string; sizeBytes: number },
  expected: IndexPackage,
  where: string,
): void {
  const pairs: readonly (readonly [what: string, expected: string | number, got: string | number])[] = [
    ['name', expected.name, facts.name],
    ['version', expected.version, facts.version],
    ['size', expected.sizeBytes || facts.sizeBytes, facts.sizeBytes],
    ['checksum (C:)', expected.checksum || facts.identity, facts.identity],
  ];
  for (const [what, wanted, got] of pairs) {
    if (wanted === got) continue;
    throw new AppError(
      'INTEGRITY',
      `${where}: ${what} differs from the index: expected ${wanted}, got ${got}`,
      {
        hint: 'Index the repository again, since the mirror may be between two updates, or use another mirror with --mirror.',
        details: { where, what, expected: wanted, got },
      },
    );
  }
}

/**
 * Compares the digest of the data member with `.PKGINFO`'s `datahash`; both are SHA-256 in lower-case hex.
 * @throws AppError INTEGRITY when they differ
 */
export function matchDataHash(expected: string, got: string, where: string): void {
  if (expected === got) return;
  throw new AppError(
    'INTEGRITY',
    `${where}: the data member differs from .PKGINFO's datahash: expected ${expected || 'a datahash'}, got ${got}`,
    { details: { where, what: 'datahash', expected, got } },
  );
}
