import { AppError } from '../model/app-error.ts';
import type { Field } from './tar-format.ts';

/**
 * A numeric header field: octal digits with leading spaces and ending in space or NUL, or GNU base-256 (first bit
 * set, two's complement over the whole field). Undefined when it is neither, or beyond 2^53.
 */
export function readNumber(block: Buffer, field: Field): number | undefined {
  const first = block[field.at] as number;
  return (first & 0x80) !== 0 ? readBase256(block, field) : readOctal(block, field);
}

function readOctal(block: Buffer, field: Field): number | undefined {
  const end = field.at + field.length;
  let at = field.at;
  while (at < end && block[at] === 0x20) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at] as number;
    if (byte < 0x30 || byte > 0x37) break;
    value = value * 8 + (byte - 0x30);
  }
  for (; at < end; at++) if (block[at] !== 0x20 && block[at] !== 0) return undefined;
  return value;
}

function readBase256(block: Buffer, field: Field): number | undefined {
  const negative = block[field.at] === 0xff;
  let value = negative ? -1n : BigInt((block[field.at] as number) & 0x7f);
  for (let at = field.at + 1; at < field.at + field.length; at++) {
    value = value * 256n + BigInt(block[at] as number);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Bytes up to the first NUL. */
export function readText(block: Buffer, field: Field): Buffer {
  const end = field.at + field.length;
  let at = field.at;
  while (at < end && block[at] !== 0) at++;
  return block.subarray(field.at, at);
}

/** A pax decimal: `uid`, `gid`, `size` are whole; `mtime` may have a sign and a fraction. */
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
