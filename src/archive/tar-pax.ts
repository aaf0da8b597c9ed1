import { AppError } from '../model/app-error.ts';
import { decodePath } from '../model/path-bytes.ts';

/** Key and value of one record, byte-exact. An empty value removes the key (POSIX pax). */
export type PaxRecord = readonly [key: string, value: Buffer];

/** A longer length exceeds any header that MAX_PAX_BYTES allows. */
const MAX_LENGTH_DIGITS = 10;

/**
 * Parses the records of one extended header: `<length> <key>=<value>\n`, where the length includes itself (POSIX.1-2017 pax, "pax
 * Extended Header"). Values may contain line feeds and any other byte.
 * @throws AppError BAD_ARCHIVE if a record's length and its form disagree
 */
export function parsePaxRecords(body: Buffer, context: string): PaxRecord[] {
  const records: PaxRecord[] = [];
  let offset = 0;
  while (offset < body.length) {
    const space = body.indexOf(0x20, offset);
    const digits =
      space < 0 || space - offset > MAX_LENGTH_DIGITS ? '' : body.toString('latin1', offset, space);
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const end = offset + length;
    const equals = body.indexOf(0x3d, space + 1);
    if (
      length === 0 ||
      end > body.length ||
      body[end - 1] !== 0x0a ||
      equals < 0 ||
      equals >= end - 1 ||
      equals === space + 1
    ) {
      throw new AppError(
        'BAD_ARCHIVE',
        `${context}: malformed pax record at byte ${offset} of its header: ${JSON.stringify(body.toString('latin1', offset, offset + 40))}`,
      );
    }
    records.push([decodePath(body.subarray(space + 1, equals)), body.subarray(equals + 1, end - 1)]);
    offset = end;
  }
  return records;
}
