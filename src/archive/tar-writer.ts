import { AppError } from '../model/app-error.ts';
import type { EntryType } from '../model/file-entry.ts';
import { encodePath } from '../model/path-bytes.ts';
import { BLOCK_BYTES, FIELD, type Field, headerChecksum, paddingBytes, USTAR_MAGIC } from './tar-format.ts';

/** An entry to be written. */
export interface TarRecord {
  /** Without leading and trailing slash; a directory's slash is added here. */
  path: string;
  type: EntryType;
  /** 0o0000–0o7777 */
  mode: number;
  uid: number;
  gid: number;
  uname?: string;
  gname?: string;
  /** Seconds since the epoch; a fraction or a negative time goes into a pax record. */
  mtime: number;
  linkTarget?: string;
  deviceMajor?: number;
  deviceMinor?: number;
  /** Values in base64 by name */
  xattrs?: Record<string, string>;
  /** Bytes of a file's content, which follows the header; ignored for other types */
  sizeBytes?: number;
}

const TYPE_FLAG: Readonly<Record<EntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Largest value of an octal field with that many digits. */
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;
/** ustar splits a long path at a slash: prefix ≤ 155, name ≤ 100. */
const NAME_BYTES = FIELD.name.length;
const PREFIX_BYTES = FIELD.prefix.length;

/** Two zero blocks: POSIX's end of archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

/** Returns the zero bytes that fill the last block of a content of `sizeBytes`. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc(paddingBytes(sizeBytes));
}

/**
 * Serialises one ustar header, preceded by a pax extended header only for what ustar cannot express: paths beyond 100+155 bytes
 * or ASCII, fractions of seconds, xattrs, sizes of 8 GiB and more, ids above 0o7777777. Deterministic: the same record gives the
 * same bytes; pax records are in byte order of their keys.
 * @throws AppError BAD_ARCHIVE for numbers or names of xattrs that no tar can hold
 */
export function tarHeader(record: TarRecord): Buffer {
  const path = encodePath(record.type === 'directory' ? `${record.path}/` : record.path);
  const target = encodePath(record.linkTarget ?? '');
  const sizeBytes = record.type === 'file' ? (record.sizeBytes ?? 0) : 0;
  check(record, path, target);
  const split = splitPath(path);
  const uname = encodePath(record.uname ?? '');
  const gname = encodePath(record.gname ?? '');
  const wholeTime = Number.isInteger(record.mtime) && record.mtime >= 0 && record.mtime <= MAX_OCTAL_11;
  const pax = new Map<string, Buffer>();
  if (split === undefined) pax.set('path', path);
  if (!fits(target, FIELD.linkTarget)) pax.set('linkpath', target);
  if (!fits(uname, FIELD.uname, 1)) pax.set('uname', uname);
  if (!fits(gname, FIELD.gname, 1)) pax.set('gname', gname);
  if (record.uid > MAX_OCTAL_7) pax.set('uid', ascii(record.uid));
  if (record.gid > MAX_OCTAL_7) pax.set('gid', ascii(record.gid));
  if (sizeBytes > MAX_OCTAL_11) pax.set('size', ascii(sizeBytes));
  if (!wholeTime) pax.set('mtime', Buffer.from(formatTime(record.mtime)));
  for (const [name, value] of Object.entries(record.xattrs ?? {})) {
    pax.set(`SCHILY.xattr.${name}`, Buffer.from(value, 'base64'));
  }
  const texts = [record.path, record.linkTarget ?? '', record.uname ?? '', record.gname ?? ''];
  if (texts.some((text) => !text.isWellFormed())) pax.set('hdrcharset', Buffer.from('BINARY'));

  const header = ustarBlock({
    name: split?.name ?? toAscii(path).subarray(0, NAME_BYTES),
    prefix: split?.prefix ?? Buffer.alloc(0),
    flag: TYPE_FLAG[record.type],
    mode: record.mode,
    uid: record.uid > MAX_OCTAL_7 ? 0 : record.uid,
    gid: record.gid > MAX_OCTAL_7 ? 0 : record.gid,
    sizeBytes: sizeBytes > MAX_OCTAL_11 ? 0 : sizeBytes,
    mtime: clampTime(record.mtime),
    target: toAscii(target).subarray(0, FIELD.linkTarget.length),
    uname: toAscii(uname).subarray(0, FIELD.uname.length - 1),
    gname: toAscii(gname).subarray(0, FIELD.gname.length - 1),
    deviceMajor: record.deviceMajor ?? 0,
    deviceMinor: record.deviceMinor ?? 0,
  });
  return pax.size === 0 ? header : Buffer.concat([paxHeader(pax, record, path), header]);
}

interface UstarValues {
  readonly name: Buffer;
  readonly prefix: Buffer;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtime: number;
  readonly target: Buffer;
  readonly uname: Buffer;
  readonly gname: Buffer;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

function ustarBlock(values: UstarValues): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  values.name.copy(block, FIELD.name.offset);
  octal(block, FIELD.mode, values.mode & 0o7777);
  octal(block, FIELD.uid, values.uid);
  octal(block, FIELD.gid, values.gid);
  octal(block, FIELD.size, values.sizeBytes);
  octal(block, FIELD.mtime, values.mtime);
  block.write(values.flag, FIELD.type.offset, 'latin1');
  values.target.copy(block, FIELD.linkTarget.offset);
  block.write(USTAR_MAGIC, FIELD.magic.offset, 'latin1');
  values.uname.copy(block, FIELD.uname.offset);
  values.gname.copy(block, FIELD.gname.offset);
  octal(block, FIELD.deviceMajor, values.deviceMajor);
  octal(block, FIELD.deviceMinor, values.deviceMinor);
  values.prefix.copy(block, FIELD.prefix.offset);
  const sum = headerChecksum(block).toString(8).padStart(6, '0');
  block.write(`${sum}\0 `, FIELD.checksum.offset, 'latin1');
  return block;
}

function paxHeader(pax: ReadonlyMap<string, Buffer>, record: TarRecord, path: Buffer): Buffer {
  const keys = [...pax.keys()].sort((a, b) => Buffer.compare(encodePath(a), encodePath(b)));
  // hdrcharset applies to the records after it (POSIX pax, "pax Extended Header"), so it comes first.
  keys.sort((a, b) => Number(b === 'hdrcharset') - Number(a === 'hdrcharset'));
  const body = Buffer.concat(keys.map((key) => paxRecord(key, pax.get(key) ?? Buffer.alloc(0))));
  const base = toAscii(path).toString('latin1').replace(/\/$/, '').split('/').at(-1) ?? '';
  const empty = Buffer.alloc(0);
  const header = ustarBlock({
    name: Buffer.from(`PaxHeaders/${base}`.slice(0, NAME_BYTES), 'latin1'),
    prefix: empty,
    flag: 'x',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: body.length,
    mtime: clampTime(record.mtime),
    target: empty,
    uname: empty,
    gname: empty,
    deviceMajor: 0,
    deviceMinor: 0,
  });
  return Buffer.concat([header, body, tarPadding(body.length)]);
}

/** Serialises `<length> <key>=<value>\n`, where the length includes itself. */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const keyBytes = encodePath(key);
  const rest = keyBytes.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} `), keyBytes, Buffer.from('='), value, Buffer.from('\n')]);
}

function splitPath(path: Buffer): { readonly name: Buffer; readonly prefix: Buffer } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= NAME_BYTES) return { name: path, prefix: Buffer.alloc(0) };
  if (path.length > NAME_BYTES + 1 + PREFIX_BYTES) return undefined;
  // The first slash that leaves a short enough name: the shortest prefix. A directory's own slash does not count.
  const slash = path.indexOf(0x2f, path.length - NAME_BYTES - 1);
  if (slash <= 0 || slash > PREFIX_BYTES || slash === path.length - 1) return undefined;
  return { name: path.subarray(slash + 1), prefix: path.subarray(0, slash) };
}

function check(record: TarRecord, path: Buffer, target: Buffer): void {
  const { mtime, uid, gid, sizeBytes = 0, deviceMajor = 0, deviceMinor = 0 } = record;
  const numbers = [uid, gid, sizeBytes, deviceMajor, deviceMinor];
  const sound =
    path.length > 0 &&
    !record.path.startsWith('/') &&
    !path.includes(0) &&
    !target.includes(0) &&
    numbers.every((value) => Number.isSafeInteger(value) && value >= 0) &&
    Number.isFinite(mtime) &&
    deviceMajor <= MAX_OCTAL_7 &&
    deviceMinor <= MAX_OCTAL_7 &&
    Object.keys(record.xattrs ?? {}).every((name) => name !== '' && !/[=\0]/.test(name));
  if (sound) return;
  throw new AppError('BAD_ARCHIVE', `entry cannot be written as tar: ${JSON.stringify(record)}`);
}

function octal(block: Buffer, field: Field, value: number): void {
  block.write(value.toString(8).padStart(field.length - 1, '0'), field.offset, 'latin1');
}

function fits(bytes: Buffer, field: Field, reserved = 0): boolean {
  return bytes.length <= field.length - reserved && isAscii(bytes);
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 0x80);
}

function toAscii(bytes: Buffer): Buffer {
  return isAscii(bytes) ? bytes : Buffer.from(bytes.map((byte) => (byte < 0x80 ? byte : 0x5f)));
}

function ascii(value: number): Buffer {
  return Buffer.from(String(value), 'latin1');
}

function clampTime(seconds: number): number {
  return Math.min(Math.max(Math.floor(seconds), 0), MAX_OCTAL_11);
}

/** Formats seconds as a decimal number without exponent; at most nanoseconds. */
function formatTime(seconds: number): string {
  const text = String(seconds);
  return text.includes('e') ? seconds.toFixed(9).replace(/\.?0+$/, '') : text;
}
