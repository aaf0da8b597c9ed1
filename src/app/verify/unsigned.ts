import type { UnsignedPart } from '../../model/verify-report.ts';
import type { LayerEntry } from '../../output/rootfs.ts';
import type { ReadLayer } from '../../output/verify-layer.ts';
import type { VerifiedArchive } from './archive-verifier.ts';
import type { PackageFiles } from './package-files.ts';

/** Pax records that engines read, which are compared with the packages' or listed with the entry (POSIX pax, libarchive, star). */
const KNOWN_RECORD =
  /^(?:path|linkpath|size|[amc]time|[ug]id|[ug]name|hdrcharset|(?:SCHILY|LIBARCHIVE)\.xattr\..*)$/s;

/** Lists what no signature covers in a layer that is an archive. */
export function unsignedOfArchive({ unsigned }: VerifiedArchive, read: ReadLayer): readonly UnsignedPart[] {
  const { endsAt, tarEndsAt, parts } = unsigned;
  const carried = read.carried.filter(({ offset }) => offset < endsAt);
  return [...parts, ...carriedParts(carried), ...hiddenParts(read, tarEndsAt)];
}

/** Lists what no signature covers in a layer whose tar is an archive's, but compressed by somebody else. */
export function unsignedOfTar({ unsigned }: VerifiedArchive, read: ReadLayer): readonly UnsignedPart[] {
  const { tarEndsAt, parts } = unsigned;
  return [...parts, ...carriedParts(read.carried), ...hiddenParts(read, tarEndsAt)];
}

/** Lists what no signature covers in a layer that is made of packages' entries. */
export function unsignedOfEntries(read: ReadLayer, files: PackageFiles): readonly UnsignedPart[] {
  return [
    ...carriedParts(read.carried),
    ...hiddenParts(read, Number.POSITIVE_INFINITY),
    ...read.entries.flatMap((entry) => recordParts(entry, files)),
  ];
}

function carriedParts(carried: ReadLayer['carried']): readonly UnsignedPart[] {
  return carried.map(({ what, sizeBytes }) => ({ what, path: null, sizeBytes }));
}

function hiddenParts({ hiddenBytesAt }: ReadLayer, end: number): readonly UnsignedPart[] {
  if (hiddenBytesAt < 0 || hiddenBytesAt >= end) return [];
  return [{ what: 'bytes between the entries of its tar', path: null, sizeBytes: null }];
}

/** Returns records of an entry that no package has with it, and that no engine reads. */
function recordParts({ entry }: LayerEntry, files: PackageFiles): readonly UnsignedPart[] {
  const own = entry.pax.filter(([key]) => !KNOWN_RECORD.test(key));
  if (own.length === 0) return [];
  const shipped = new Set(
    files.at(entry.path).flatMap((shippedEntry) => shippedEntry.entry.pax.map((pair) => pair.join(' '))),
  );
  const more = own.filter((pair) => !shipped.has(pair.join(' ')));
  if (more.length === 0) return [];
  const sizeBytes = more.reduce((sum, [, value]) => sum + Buffer.byteLength(value, 'base64'), 0);
  const names = more.map(([key]) => key).slice(0, 3);
  return [{ what: `pax records (${names.join(', ')})`, path: entry.path, sizeBytes }];
}
