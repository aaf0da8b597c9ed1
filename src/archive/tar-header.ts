import { AppError } from '../model/app-error.ts';
import type { EntryType } from '../model/file-entry.ts';
import { decodePath, encodePath } from '../model/path-bytes.ts';
import type { TarEntry } from './tar-entry.ts';
import { FIELD, type Field, GNU_MAGIC, headerChecksum } from './tar-format.ts';
import { parsePaxNumber, readNumber, readText } from './tar-numbers.ts';
import { normalisePath } from './tar-paths.ts';
import type { PaxRecord } from './tar-pax.ts';

/** Records and names from the extended headers before an entry's own. */
export interface Extensions {
  readonly globalPax: readonly PaxRecord[];
  readonly localPax: readonly PaxRecord[];
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

/** Position of an entry in the tar. */
export interface EntryPlace {
  /** Names the header in error messages. */
  readonly context: string;
  readonly contentAt: number;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** Type `7`, a contiguous file: package managers take it for a file, engines refuse it. */
const CONTIGUOUS = 0x37;
/** uid_t and gid_t have 32 bits, of which the value with all bits set is no id (chown(2)). */
const MAX_ID = 2 ** 32 - 2;
/** Engines count nanoseconds in 64 bits, which covers the years 1698 to 2242. */
const MAX_TIME = 2 ** 33;
/** Ranges of numeric fields; devices: Linux, makedev(3). */
const RANGES = [
  ['uid', 0, MAX_ID],
  ['gid', 0, MAX_ID],
  ['mtime', -MAX_TIME, MAX_TIME],
  ['deviceMajor', 0, 2 ** 12 - 1],
  ['deviceMinor', 0, 2 ** 20 - 1],
] as const;
/** Longest target of a symlink, without the final NUL: symlink(2). */
export const MAX_TARGET_BYTES = 4095;
/** xattr(7) */
const MAX_XATTR_NAME_BYTES = 255;
const MAX_XATTR_BYTES = 64 * 1024;

const SPARSE = 'a GNU sparse file';
const REFUSED: Readonly<Record<string, string>> = {
  S: SPARSE,
  M: 'a piece of a multi-volume archive',
  V: 'a volume label',
  D: 'a GNU incremental directory',
  N: 'an old GNU long name',
  A: 'a Solaris ACL',
  X: 'a Solaris extended header',
};

/** star marks its headers at 508; its prefix ends before two timestamps (star(5)). */
const STAR_TRAILER: Field = { offset: 508, length: 4 };
const STAR_PREFIX: Field = { offset: 345, length: 131 };

/** Verifies a header's checksum, a sum of unsigned bytes, or of signed ones (old Sun tars). @throws AppError BAD_ARCHIVE */
export function checkHeader(block: Buffer, context: string): void {
  const expected = readNumber(block, FIELD.checksum);
  const got = headerChecksum(block);
  if (expected === got) return;
  if (expected !== undefined && expected === signedChecksum(block, got)) return;
  throw new AppError(
    'BAD_ARCHIVE',
    expected === undefined
      ? `${context}: not a tar header: the checksum field is not a number`
      : `${context}: bad checksum: the field says ${expected}, the bytes add up to ${got}`,
    {
      hint: 'Fetch the archive again: it is damaged, or not a tar.',
      details: { expected, got },
    },
  );
}

function signedChecksum(block: Buffer, unsigned: number): number {
  let sum = unsigned;
  for (let offset = 0; offset < block.length; offset++) {
    if ((offset < 148 || offset >= 156) && (block[offset] as number) >= 0x80) sum -= 256;
  }
  return sum;
}

/** Reads the size field alone, for extension headers. @throws AppError BAD_ARCHIVE */
export function headerSize(block: Buffer, context: string): number {
  return wholeNumber(block, 'size', context);
}

/**
 * Builds an entry from its header and the extended headers before it. Only files have content: links, directories and devices are
 * header-only whatever their size field says, as for engines and GNU tar. GNU long names take precedence over pax, pax over the
 * header.
 * @throws AppError BAD_ARCHIVE, UNSUPPORTED
 */
export function buildEntry(block: Buffer, extensions: Extensions, place: EntryPlace): TarEntry {
  const { context } = place;
  const { globalPax, localPax } = extensions;
  const records = globalPax.length + localPax.length === 0 ? NO_RECORDS : [...globalPax, ...localPax];
  const pax = records === NO_RECORDS ? NO_PAX : effectiveRecords(records);
  const isPosix = block.toString('latin1', FIELD.magic.offset, FIELD.magic.offset + 6) === 'ustar\0';
  const isGnu =
    !isPosix &&
    block.toString('latin1', FIELD.magic.offset, FIELD.magic.offset + FIELD.magic.length) === GNU_MAGIC;
  const isExtended = isPosix || isGnu;
  const rawPath = extensions.longName ?? text(pax, 'path') ?? headerPath(block, isPosix);
  const type = entryType(block, { rawPath, pax, context });
  const path = normalisePath(rawPath, 'path', context);
  if (path === '' && type !== 'directory') {
    throw new AppError(
      'BAD_ARCHIVE',
      `${context}: path ${JSON.stringify(rawPath)} of a ${type} is the root itself`,
    );
  }
  const isDevice = isExtended && (type === 'character' || type === 'block');
  const entry: TarEntry = {
    path,
    rawPath,
    type,
    mode: wholeNumber(block, 'mode', context) & 0o7777,
    uid: number(pax, 'uid', context) ?? wholeNumber(block, 'uid', context),
    gid: number(pax, 'gid', context) ?? wholeNumber(block, 'gid', context),
    uname: text(pax, 'uname') ?? (isExtended ? decodePath(readText(block, FIELD.uname)) : ''),
    gname: text(pax, 'gname') ?? (isExtended ? decodePath(readText(block, FIELD.gname)) : ''),
    sizeBytes: type === 'file' ? (number(pax, 'size', context) ?? wholeNumber(block, 'size', context)) : 0,
    mtime: number(pax, 'mtime', context) ?? signedNumber(block, 'mtime', context),
    linkTarget: linkTarget(block, { type, pax, longLink: extensions.longLink, context }),
    offset: place.contentAt,
    isAmbiguous: block[FIELD.type.offset] === CONTIGUOUS,
    deviceMajor: isDevice ? wholeNumber(block, 'deviceMajor', context) : 0,
    deviceMinor: isDevice ? wholeNumber(block, 'deviceMinor', context) : 0,
    xattrs: pax.size === 0 ? NO_XATTRS : xattrs(pax, context),
    pax:
      records.length === 0
        ? NO_PAX_LIST
        : records.map(([key, value]) => [key, value.toString('base64')] as const),
  };
  for (const [name, least, most] of RANGES) {
    const value = entry[name];
    if (value >= least && value <= most) continue;
    throw new AppError('BAD_ARCHIVE', `${context}: ${name} expected from ${least} to ${most}, got ${value}`);
  }
  return entry;
}

type PaxMap = ReadonlyMap<string, Buffer>;
const NO_PAX: PaxMap = new Map();
const NO_RECORDS: readonly PaxRecord[] = Object.freeze([]);
const NO_PAX_LIST: readonly (readonly [string, string])[] = Object.freeze([]);
const NO_XATTRS: Readonly<Record<string, string>> = Object.freeze({});
const XATTR_PREFIX = 'SCHILY.xattr.';

/** Keeps the last record of each key; an empty value removes the key, but an xattr may be empty. */
function effectiveRecords(records: readonly PaxRecord[]): PaxMap {
  const map = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (value.length === 0 && !key.startsWith(XATTR_PREFIX)) map.delete(key);
    else map.set(key, value);
  }
  return map;
}

function entryType(
  block: Buffer,
  source: { readonly rawPath: string; readonly pax: PaxMap; readonly context: string },
): EntryType {
  const { rawPath, pax, context } = source;
  const flag = String.fromCharCode(block[FIELD.type.offset] as number);
  for (const key of pax.keys()) if (key.startsWith('GNU.sparse.')) throw unsupported(SPARSE, context);
  const type = TYPES[flag];
  if (type === undefined)
    throw unsupported(REFUSED[flag] ?? `an entry of type ${JSON.stringify(flag)}`, context);
  if (type !== 'file' || !rawPath.endsWith('/')) return type;
  // v7 has no type for directories: a trailing slash marks one. With types, readers disagree about such a name.
  if (flag === '\0') return 'directory';
  throw new AppError(
    'BAD_ARCHIVE',
    `${context}: file name ${JSON.stringify(rawPath.slice(0, 200))} ends in a slash`,
  );
}

function unsupported(what: string, context: string): AppError {
  return new AppError('UNSUPPORTED', `${context}: ${what} cannot be read`, {
    hint: 'Pack the archive again as plain pax or ustar (bsdtar --format=pax, tar --format=pax without --sparse).',
  });
}

function headerPath(block: Buffer, isPosix: boolean): string {
  const name = readText(block, FIELD.name);
  if (!isPosix) return decodePath(name);
  const isStar =
    block.toString('latin1', STAR_TRAILER.offset, STAR_TRAILER.offset + STAR_TRAILER.length) === 'tar\0';
  const prefix = readText(block, isStar ? STAR_PREFIX : FIELD.prefix);
  return decodePath(prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]));
}

function linkTarget(
  block: Buffer,
  source: {
    readonly type: EntryType;
    readonly pax: PaxMap;
    readonly longLink: string | undefined;
    readonly context: string;
  },
): string {
  const { type, pax, longLink, context } = source;
  if (type !== 'symlink' && type !== 'hardlink') return '';
  const raw = longLink ?? text(pax, 'linkpath') ?? decodePath(readText(block, FIELD.linkTarget));
  const target = type === 'hardlink' ? normalisePath(raw, 'hard link target', context) : raw;
  if (
    type === 'symlink' &&
    target.length > MAX_TARGET_BYTES / 3 &&
    encodePath(target).length > MAX_TARGET_BYTES
  ) {
    const text = `symlink target ${JSON.stringify(raw.slice(0, 200))} is longer than ${MAX_TARGET_BYTES} bytes`;
    throw new AppError('BAD_ARCHIVE', `${context}: ${text}`);
  }
  if (target !== '' && !target.includes('\0')) return target;
  throw new AppError(
    'BAD_ARCHIVE',
    `${context}: ${type} target ${JSON.stringify(raw.slice(0, 200))} is not a file name`,
  );
}

function xattrs(pax: PaxMap, context: string): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (const [key, value] of pax) {
    if (!key.startsWith(XATTR_PREFIX)) continue;
    const name = key.slice(XATTR_PREFIX.length);
    if (name.length > MAX_XATTR_NAME_BYTES || value.length > MAX_XATTR_BYTES) {
      const text = `xattr ${JSON.stringify(name.slice(0, 200))} of ${value.length} bytes: expected a name of at most ${MAX_XATTR_NAME_BYTES} and a value of at most ${MAX_XATTR_BYTES}`;
      throw new AppError('BAD_ARCHIVE', `${context}: ${text}`);
    }
    pairs.push([name, value.toString('base64')]);
  }
  return pairs.length === 0 ? NO_XATTRS : Object.fromEntries(pairs);
}

function text(pax: PaxMap, key: string): string | undefined {
  const value = pax.get(key);
  return value === undefined ? undefined : decodePath(value);
}

function number(pax: PaxMap, key: string, context: string): number | undefined {
  const value = pax.get(key);
  return value === undefined ? undefined : parsePaxNumber(key, value, context);
}

function signedNumber(block: Buffer, name: keyof typeof FIELD, context: string): number {
  const field = FIELD[name];
  const value = readNumber(block, field);
  if (value !== undefined) return value;
  const got = block.toString('latin1', field.offset, field.offset + field.length);
  throw new AppError('BAD_ARCHIVE', `${context}: ${name} is not a number: ${JSON.stringify(got)}`);
}

function wholeNumber(block: Buffer, name: keyof typeof FIELD, context: string): number {
  const value = signedNumber(block, name, context);
  if (value >= 0) return value;
  throw new AppError('BAD_ARCHIVE', `${context}: ${name} is negative: ${value}`);
}
