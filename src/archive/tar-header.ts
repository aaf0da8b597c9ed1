import { AppError } from '../model/app-error.ts';
import type { EntryType } from '../model/archive.ts';
import { decodePath } from '../model/path-bytes.ts';
import { FIELD, type Field, headerChecksum, USTAR_MAGIC } from './tar-format.ts';

/** A header block taken apart; nothing of it is checked but checksum and numbers. */
export interface RawHeader {
  /** Prefix and name joined, as bytes decode */
  readonly path: string;
  readonly linkTarget: string;
  /** The type flag's character; `\0` reads as `0` */
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtime: number;
  readonly uname: string;
  readonly gname: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** Type flags that are entries (POSIX.1-2017 pax, "ustar Interchange Format"). `7` is a contiguous file, read as a file. */
export const ENTRY_TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** @throws AppError BAD_ARCHIVE with the offset, expected and got */
export function readHeader(block: Buffer, offset: number): RawHeader {
  const stored = readNumber(block, FIELD.checksum, offset);
  const sum = headerChecksum(block);
  if (stored !== sum) {
    throw damaged(offset, `expected a tar header with checksum ${sum}, got ${stored}`);
  }
  const ustar = block.toString('latin1', FIELD.magic.at, FIELD.magic.at + 6) === USTAR_MAGIC.slice(0, 6);
  const posix = ustar || block.toString('latin1', FIELD.magic.at, FIELD.magic.at + 5) === 'ustar';
  const name = readText(block, FIELD.name);
  const prefix = ustar ? readText(block, FIELD.prefix) : '';
  const flag = block[FIELD.type.at] as number;
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkTarget: readText(block, FIELD.linkTarget),
    flag: flag === 0 ? '0' : String.fromCharCode(flag),
    mode: readNumber(block, FIELD.mode, offset),
    uid: readNumber(block, FIELD.uid, offset),
    gid: readNumber(block, FIELD.gid, offset),
    sizeBytes: readNumber(block, FIELD.size, offset),
    mtime: readNumber(block, FIELD.mtime, offset),
    uname: posix ? readText(block, FIELD.uname) : '',
    gname: posix ? readText(block, FIELD.gname) : '',
    deviceMajor: posix ? readNumber(block, FIELD.deviceMajor, offset) : 0,
    deviceMinor: posix ? readNumber(block, FIELD.deviceMinor, offset) : 0,
  };
}

function readText(block: Buffer, { at, length }: Field): string {
  let end = at;
  while (end < at + length && block[end] !== 0) end += 1;
  return end === at ? '' : decodePath(block.subarray(at, end));
}

/** Octal text, or GNU's base-256 with the high bit of the first byte set. */
function readNumber(block: Buffer, { at, length }: Field, offset: number): number {
  const first = block[at] as number;
  if (first >= 0x80) return readBase256(block.subarray(at, at + length), offset + at);
  let index = at;
  const end = at + length;
  while (index < end && block[index] === 0x20) index += 1;
  let value = 0;
  for (; index < end; index++) {
    const digit = (block[index] as number) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  const rest = block[index];
  if (index < end && rest !== 0 && rest !== 0x20) {
    throw damaged(
      offset + at,
      `expected an octal number, got ${JSON.stringify(block.toString('latin1', at, end))}`,
    );
  }
  return value;
}

function readBase256(field: Buffer, offset: number): number {
  const negative = field[0] === 0xff;
  let value = negative ? -1n : BigInt((field[0] as number) & 0x7f);
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw damaged(offset, `expected a number below 2^53, got ${value}`);
  return number;
}

export function damaged(offset: number, what: string): AppError {
  return new AppError('BAD_ARCHIVE', `tar, byte ${offset}: ${what}`, { details: { offset } });
}
