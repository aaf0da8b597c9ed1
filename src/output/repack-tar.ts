import { BLOCK_BYTES, FIELD, headerChecksum, paddingBytes } from '../archive/tar-format.ts';
import { TAR_END } from '../archive/tar-writer.ts';
import { AppError } from '../model/app-error.ts';

/** Names and attributes of one file; extended attributes are at most 64 KiB each on Linux. */
const MAX_EXTENSION_BYTES = 1024 * 1024;
/** Hard link, symlink, devices, directory, fifo: nothing follows them whatever their size field says (as engines read). */
const HEADER_ONLY = '123456';
const GNU_SPARSE = 'S';
const PAX_NEXT = 'x';
const PAX_GLOBAL = 'g';
/** pax headers and GNU's long name and long link. */
const EXTENSIONS = `${PAX_NEXT}${PAX_GLOBAL}LK`;

/**
 * The same entries as a tar that every reader reads to its end: header, pax and content blocks byte-exact and in
 * order, zero blocks between or behind entries dropped, one end of archive at the end. Makes an archive stackable
 * whose members each end on their own (an engine would stop at the first end).
 * @throws AppError BAD_ARCHIVE with the offset of what is no tar; UNSUPPORTED (sparse files and the like); LIMIT
 */
export async function* repackTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  const sizes = new EntrySizes();
  const carry = Buffer.alloc(BLOCK_BYTES);
  let carried = 0;
  let bodyLeft = 0;
  let offset = 0;
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    let keptFrom = 0;
    while (at < chunk.length) {
      if (bodyLeft > 0) {
        const length = Math.min(bodyLeft, chunk.length - at);
        sizes.body(chunk.subarray(at, at + length));
        bodyLeft -= length;
        at += length;
        continue;
      }
      if (carried > 0 || chunk.length - at < BLOCK_BYTES) {
        if (carried === 0 && at > keptFrom) yield chunk.subarray(keptFrom, at);
        const copied = chunk.copy(carry, carried, at, at + BLOCK_BYTES - carried);
        carried += copied;
        at += copied;
        keptFrom = at;
        if (carried < BLOCK_BYTES) break;
        carried = 0;
        if (isZero(carry)) continue;
        bodyLeft = sizes.header(carry, offset + at - BLOCK_BYTES);
        yield Buffer.from(carry);
        continue;
      }
      const block = chunk.subarray(at, at + BLOCK_BYTES);
      at += BLOCK_BYTES;
      if (!isZero(block)) {
        bodyLeft = sizes.header(block, offset + at - BLOCK_BYTES);
        continue;
      }
      if (at - BLOCK_BYTES > keptFrom) yield chunk.subarray(keptFrom, at - BLOCK_BYTES);
      keptFrom = at;
    }
    if (at > keptFrom) yield chunk.subarray(keptFrom, at);
    offset += chunk.length;
  }
  if (bodyLeft > 0 || sizes.expectsEntry || !isZero(carry.subarray(0, carried))) {
    throw new AppError(
      'BAD_ARCHIVE',
      `tar ends within an entry at byte ${offset}: expected ${bodyLeft} more bytes`,
      {
        details: { offset },
      },
    );
  }
  yield TAR_END;
}

/** How many bytes follow each header: its content, pax `size` records minded, and padding. */
class EntrySizes {
  #flag = '';
  #missing = 0;
  #parts: Buffer[] = [];
  #nextSize: number | undefined;
  #globalSize: number | undefined;
  /** An extended header was the last: its entry must follow. */
  expectsEntry = false;

  header(block: Buffer, offset: number): number {
    if (octal(block, FIELD.checksum) !== headerChecksum(block)) {
      throw new AppError(
        'BAD_ARCHIVE',
        `tar header at byte ${offset}: expected checksum ${headerChecksum(block)}, got ${octal(block, FIELD.checksum)}`,
        { details: { offset } },
      );
    }
    this.#endExtension();
    const flag = String.fromCharCode(block[FIELD.type.at] ?? 0);
    const isExtension = EXTENSIONS.includes(flag);
    const sizeBytes = HEADER_ONLY.includes(flag) ? 0 : this.#sizeOf(block, isExtension);
    if (flag === GNU_SPARSE || !Number.isSafeInteger(sizeBytes)) {
      throw new AppError('UNSUPPORTED', `tar header at byte ${offset}: a sparse file or an unreadable size`, {
        hint: 'Pack the archive again without --sparse.',
        details: { offset },
      });
    }
    if (isExtension && sizeBytes > MAX_EXTENSION_BYTES) {
      throw new AppError(
        'LIMIT',
        `tar header at byte ${offset}: expected at most ${MAX_EXTENSION_BYTES} bytes, got ${sizeBytes}`,
      );
    }
    this.expectsEntry = isExtension && flag !== PAX_GLOBAL;
    if (isExtension) this.#missing = sizeBytes;
    else this.#nextSize = undefined;
    this.#flag = flag;
    return sizeBytes + paddingBytes(sizeBytes);
  }

  /** Bytes behind a header, in order. */
  body(bytes: Buffer): void {
    if (this.#missing === 0) return;
    const piece = Buffer.from(bytes.subarray(0, this.#missing));
    this.#missing -= piece.length;
    this.#parts.push(piece);
  }

  #sizeOf(block: Buffer, isExtension: boolean): number {
    const stored = octal(block, FIELD.size);
    return isExtension ? stored : (this.#nextSize ?? this.#globalSize ?? stored);
  }

  #endExtension(): void {
    const records = Buffer.concat(this.#parts);
    this.#parts = [];
    if (this.#flag === PAX_NEXT) this.#nextSize = paxSize(records) ?? this.#nextSize;
    if (this.#flag === PAX_GLOBAL) this.#globalSize = paxSize(records) ?? this.#globalSize;
  }
}

/** The last `size` record of a pax header: `LENGTH size=VALUE\n`. */
function paxSize(records: Buffer): number | undefined {
  let size: number | undefined;
  for (let at = 0; at < records.length; ) {
    const space = records.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(records.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= space - at || at + length > records.length) break;
    const record = records.toString('latin1', space + 1, at + length - 1);
    if (record.startsWith('size=')) size = Number(record.slice('size='.length));
    at += length;
  }
  return size;
}

/** An octal field, or GNU's base-256 one (first bit set); NaN when it is neither. */
function octal(block: Buffer, { at, length }: { readonly at: number; readonly length: number }): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) === 0) {
    const text = /^ *([0-7]*)[ \0]*$/.exec(block.toString('latin1', at, at + length))?.[1];
    return text === undefined ? Number.NaN : Number.parseInt(text || '0', 8);
  }
  let value = first & 0x7f;
  for (let index = at + 1; index < at + length; index++) value = value * 256 + (block[index] ?? 0);
  return value;
}

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

function isZero(bytes: Buffer): boolean {
  return bytes.equals(bytes.length === BLOCK_BYTES ? ZERO_BLOCK : ZERO_BLOCK.subarray(0, bytes.length));
}
