import { AppError } from '../model/app-error.ts';
import { decodePath } from '../model/path-bytes.ts';
import { damaged } from './tar-header.ts';

/** A record of an extended header, byte-exact: key, value base64. */
export type PaxRecord = readonly [key: string, valueBase64: string];

/**
 * Reads `"<length> <key>=<value>\n"` records (POSIX.1-2017 pax, "pax Extended Header"). Values are bytes.
 * @throws AppError BAD_ARCHIVE with the offset of the record
 */
export function readPaxRecords(data: Buffer, offset: number): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 ? '' : data.toString('latin1', at, space);
    const length = /^[1-9][0-9]{0,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = data.indexOf(0x3d, space);
    if (length === 0 || end > data.length || data[end - 1] !== 0x0a || equals < 0 || equals >= end - 1) {
      // libarchive and GNU tar stop at NUL padding inside the record block.
      if (data[at] === 0) return records;
      throw damaged(
        offset + at,
        `expected a pax record, got ${JSON.stringify(data.toString('latin1', at, at + 40))}`,
      );
    }
    records.push([
      decodePath(data.subarray(space + 1, equals)),
      data.toString('base64', equals + 1, end - 1),
    ]);
    at = end;
  }
  return records;
}

/** What records say of an entry; a later record wins over an earlier one. */
export interface PaxAttributes {
  path?: string;
  linkTarget?: string;
  sizeBytes?: number;
  mtime?: number;
  uid?: number;
  gid?: number;
  uname?: string;
  gname?: string;
  readonly xattrs: Record<string, string>;
}

const XATTR = 'SCHILY.xattr.';

/** @throws AppError BAD_ARCHIVE for a number that is none, UNSUPPORTED for a sparse file */
export function paxAttributes(records: readonly PaxRecord[], offset: number): PaxAttributes {
  const attributes: PaxAttributes = { xattrs: {} };
  for (const [key, value] of records) {
    if (key.startsWith(XATTR)) {
      attributes.xattrs[key.slice(XATTR.length)] = value;
      continue;
    }
    if (key.startsWith('GNU.sparse.')) throw sparse(offset);
    if (!KNOWN.has(key)) continue;
    const bytes = Buffer.from(value, 'base64');
    if (key === 'path') attributes.path = decodePath(bytes);
    else if (key === 'linkpath') attributes.linkTarget = decodePath(bytes);
    else if (key === 'uname' || key === 'gname') attributes[key] = decodePath(bytes);
    else if (key === 'size') attributes.sizeBytes = wholeNumber(key, bytes, offset);
    else if (key === 'uid' || key === 'gid') attributes[key] = wholeNumber(key, bytes, offset);
    else attributes.mtime = decimal(bytes, offset);
  }
  return attributes;
}

const KNOWN: ReadonlySet<string> = new Set([
  'path',
  'linkpath',
  'uname',
  'gname',
  'size',
  'uid',
  'gid',
  'mtime',
]);

export function sparse(offset: number): AppError {
  return new AppError(
    'UNSUPPORTED',
    `tar, byte ${offset}: a sparse file: container engines do not read these`,
    {
      hint: 'Build the package without sparse files (tar without --sparse).',
    },
  );
}

function wholeNumber(key: string, bytes: Buffer, offset: number): number {
  const text = bytes.toString('latin1');
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number))
    throw damaged(offset, `pax ${key}: expected a whole number, got ${JSON.stringify(text)}`);
  return number;
}

function decimal(bytes: Buffer, offset: number): number {
  const text = bytes.toString('latin1');
  if (!/^-?[0-9]{1,16}(\.[0-9]*)?$/.test(text)) {
    throw damaged(offset, `pax mtime: expected a decimal number, got ${JSON.stringify(text)}`);
  }
  return Number(text);
}
