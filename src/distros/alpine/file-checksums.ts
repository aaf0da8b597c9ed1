import type { FileEntries } from '../../model/file-entries.ts';

/** Empty map, for files without hard links */
export const NO_CHECKSUMS: ReadonlyMap<string, string> = new Map();

/**
 * Returns the checksums of all files by path (SHA-1 in base64). A hard link has the checksum of the file that it names, even if
 * another package's file has replaced that one.
 */
export function linkedChecksums(files: FileEntries): ReadonlyMap<string, string> {
  const own = checksumsOf(files, [...files].keys());
  const byPath = new Map<string, string>();
  for (const { path, type, linkTarget } of files) {
    const checksum = own.next().value ?? '';
    byPath.set(path, type === 'hardlink' ? (byPath.get(linkTarget) ?? '') : checksum);
  }
  return byPath;
}

const CHECKSUM = 'APK-TOOLS.checksum.SHA1';
const DIGITS = 40;
/** Two more digits make each checksum 21 bytes long, so that in base64 no padding separates them. */
const PADDED_DIGITS = 42;
const BASE64_LENGTH = 28;
const BATCH = 4096;

/**
 * Yields the SHA-1 of each entry in base64, converted from the hexadecimal that abuild wrote (pax record); empty where there is
 * none. Many are converted together, because one at a time is slow; the last character of each becomes the padding.
 */
export function* checksumsOf(files: FileEntries, indexes: Iterable<number>): Generator<string, undefined> {
  let isReadable = true;
  for (const batch of batches(indexes)) {
    const written = batch.map((index) => files.record(index, CHECKSUM));
    const isWritten = written.map((value) => value?.length === DIGITS && isReadable);
    const digits = written.filter((_, place) => isWritten[place]).map((value) => `${value}00`);
    const bytes = Buffer.from(digits.join(''), 'hex');
    // The result is shorter if there was something other than digits; from there on nothing is converted.
    isReadable &&= bytes.length * 2 === digits.length * PADDED_DIGITS;
    const packed = bytes.toString('base64', 0, bytes.length - (bytes.length % (PADDED_DIGITS / 2)));
    let at = 0;
    for (const isNext of isWritten) {
      const isConverted = isNext && at < packed.length;
      yield isConverted ? `${packed.slice(at, at + BASE64_LENGTH - 1)}=` : '';
      if (isConverted) at += BASE64_LENGTH;
    }
  }
}

function* batches(indexes: Iterable<number>): Generator<readonly number[]> {
  let batch: number[] = [];
  for (const index of indexes) {
    if (batch.push(index) < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
