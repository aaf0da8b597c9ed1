import type { TarDialect } from '../../archive/tar-dialect.ts';
import { FIELD } from '../../archive/tar-format.ts';
import { AppError } from '../../model/app-error.ts';

const NUMBERS = ['mode', 'uid', 'gid', 'size', 'mtime', 'deviceMajor', 'deviceMinor'] as const;
/** Octal digits from the first byte on, then only NUL and blanks: neither base-256 nor leading blanks. */
const OCTAL = /^[0-7]*[\0 ]*$/;

/**
 * Dialect in which apk reads tars (apk-tools `tar.c`; observed with 2.14.0 and 3.0.6): of pax records only names, attributes and
 * checksums, no global headers, GNU long names but not long links. If it cannot read a number, apk rejects the package.
 */
export const apkDialect: TarDialect = {
  header(block, context) {
    const text = (offset: number, length: number): string =>
      block.toString('latin1', offset, offset + length);
    if (text(FIELD.magic.offset, 5) !== 'ustar') {
      throw new AppError('BAD_ARCHIVE', `${context}: expected a ustar header as apk does, got an older one`);
    }
    for (const name of NUMBERS) {
      const { offset, length } = FIELD[name];
      if (OCTAL.test(text(offset, length))) continue;
      const got = JSON.stringify(text(offset, length));
      throw new AppError(
        'BAD_ARCHIVE',
        `${context}: ${name} is not an octal number that apk can read: ${got}`,
        {
          hint: 'Ask the packager to fix it: apk refuses this package too.',
        },
      );
    }
  },
  ignoredRecords: new Set(['uid', 'gid', 'uname', 'gname', 'mtime', 'size']),
  readsGlobalHeaders: false,
  readsLongLinks: false,
};
