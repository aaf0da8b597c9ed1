import type { FileEntries } from '../../model/file-entries.ts';
import type { UnsignedPart } from '../../model/verify-report.ts';
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
    ...recordParts(read.entries, files),
  ];
}

function carriedParts(carried: ReadLayer['carried']): readonly UnsignedPart[] {
  return carried.map(({ what, sizeBytes }) => ({ what, path: null, sizeBytes }));
}

function hiddenParts({ hiddenBytesAt }: ReadLayer, end: number): readonly UnsignedPart[] {
  if (hiddenBytesAt < 0 || hiddenBytesAt >= end) return [];
  return [{ what: 'bytes between the entries of its tar', path: null, sizeBytes: null }];
}

/** Returns records of entries that no package has with them, and that no engine reads. */
function recordParts(entries: FileEntries, files: PackageFiles): readonly UnsignedPart[] {
  const parts: UnsignedPart[] = [];
  for (let index = 0; index < entries.length; index += 1) {
    if (entries.head(index).keys.every((key) => KNOWN_RECORD.test(key))) continue;
    const { path, pax } = entries.once(index);
    const own = pax.filter(([key]) => !KNOWN_RECORD.test(key));
    const shipped = new Set(files.at(path).flatMap(({ entry }) => entry.pax.map((pair) => pair.join(' '))));
    const more = own.filter((pair) => !shipped.has(pair.join(' ')));
    if (more.length === 0) continue;
    const sizeBytes = more.reduce((sum, [, value]) => sum + Buffer.byteLength(value, 'base64'), 0);
    const names = more.map(([key]) => key).slice(0, 3);
    parts.push({ what: `pax records (${names.join(', ')})`, path, sizeBytes });
  }
  return parts;
}
