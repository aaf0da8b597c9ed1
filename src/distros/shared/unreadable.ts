import { foreignFormat } from '../../archive/foreign-formats.ts';
import type { Magic } from '../../archive/sniff.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';

/** The expected kind of a file whose first bytes are of another kind. */
export interface Wanted {
  readonly where: string;
  /** The expected kind: `an Arch package (…)` */
  readonly what: string;
  /** Code for a file that is damaged or of another kind */
  readonly code: Extract<ErrorCode, 'BAD_ARCHIVE' | 'BAD_INDEX'>;
  readonly hint?: string;
  /** Hint for an unsupported compression */
  readonly repack: string;
}

/**
 * Makes the error for an unreadable file: UNSUPPORTED for an unsupported compression, which does not mean that the file is bad;
 * otherwise the given code.
 * @param head the file's first bytes
 */
export function unreadable(
  magic: Magic,
  head: Uint8Array,
  { where, what, code, hint, repack }: Wanted,
): AppError {
  const foreign = foreignFormat(head);
  if (foreign?.isCompression === true) {
    return new AppError(
      'UNSUPPORTED',
      `${where}: expected ${what}, got ${foreign.name}, which is not supported here`,
      {
        hint: repack,
      },
    );
  }
  const start = Buffer.from(head.subarray(0, 8)).toString('hex');
  const got = foreign?.name ?? (magic === 'unknown' ? 'something else' : magic);
  const bytes = head.length === 0 ? 'an empty file' : `${got} (${start})`;
  return new AppError(code, `${where}: expected ${what}, got ${bytes}`, hint === undefined ? {} : { hint });
}
