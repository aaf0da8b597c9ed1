import { AppError } from '../model/app-error.ts';
import type { Field } from './tar-format.ts';

/**
 * Parses a numeric header field: octal digits with leading spaces and ending in space or NUL, or GNU base-256 (first bit set,
 * two's complement over the whole field). Undefined if it is neither, or beyond 2^53.
 */
export function readNumber(block: Buffer, field: Field): number | undefined {
  const first = block[field.offset] as number;
  return (first & 0x80) !== 0 ? readBase256(block, field) : readOctal(block, field);
}

function readOctal(block: Buffer, field: Field): number | undefined {
  const end = field.offset + field.length;
  let offset = field.offset;
  while (offset < end && block[offset] === 0x20) offset++;
  let value = 0;
  for (; offset < end; offset++) {
    const byte = block[offset] as number;
    if (byte < 0x30 || byte > 0x37) break;
    value = value * 8 + (byte - 0x30);
  }
  for (; offset < end; offset++) if (block[offset] !== 0x20 && block[offset] !== 0) return undefined;
  return value;
}

function readBase256(block: Buffer, field: Field): number | undefined {
  const negative = block[field.offset] === 0xff;
  let value = negative ? -1n : BigInt((block[field.offset] as number) & 0x7f);
  for (let offset = field.offset + 1; offset < field.offset + field.length; offset++) {
    value = value * 256n + BigInt(block[offset] as number);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Returns the bytes of a field up to the first NUL. */
export function readText(block: Buffer, field: Field): Buffer {
  const end = field.offset + field.length;
  let offset = field.offset;
  while (offset < end && block[offset] !== 0) offset++;
  return block.subarray(field.offset, offset);
}

/** Parses a pax decimal: `uid`, `gid`, `size` are whole; `mtime` may have a sign and a fraction. @throws AppError BAD_ARCHIVE */
export function parsePaxNumber(key: string, value: Buffer, context: string): number {
  const text = value.toString('latin1');
  const pattern = key === 'mtime' ? /^-?\d+(\.\d*)?$/ : /^\d+$/;
  const number = Number(text);
  if (pattern.test(text) && Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  throw new AppError(
    'BAD_ARCHIVE',
    `${context}: pax ${key} is not a number: ${JSON.stringify(text.slice(0, 64))}`,
  );
}
