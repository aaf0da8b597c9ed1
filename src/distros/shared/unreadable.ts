import { foreignFormat } from '../../archive/foreign-formats.ts';
import type { Magic } from '../../archive/sniff.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';

/** What was wanted in place of a file whose first bytes are something else's. */
export interface Wanted {
  readonly where: string;
  /** `an Arch package (…)` */
  readonly what: string;
  /** For what is damaged or no such file at all */
  readonly code: Extract<ErrorCode, 'BAD_ARCHIVE' | 'BAD_INDEX'>;
  readonly hint?: string;
  /** The way out where it is compressed in a way that is not read here */
  readonly repack: string;
}

/** UNSUPPORTED for a compression that is not read here, which says nothing against the file; else the code of `wanted`. */
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
