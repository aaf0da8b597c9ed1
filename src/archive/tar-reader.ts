import { AppError } from '../model/app-error.ts';
import { decodePath } from '../model/path-bytes.ts';
import { asReadBy, type TarDialect } from './tar-dialect.ts';
import type { TarEntry } from './tar-entry.ts';
import { BLOCK_BYTES, paddingBytes } from './tar-format.ts';
import { buildEntry, checkHeader, headerSize } from './tar-header.ts';
import { MAX_PATH_BYTES } from './tar-paths.ts';
import { type PaxRecord, parsePaxRecords } from './tar-pax.ts';

/** Receives the entries of a tar in order. */
export interface TarWalk {
  /** Called for each entry, before its content. */
  entry(entry: TarEntry): void;
  /** Called for each piece of a file's content; the views are valid only during the call. */
  content?(entry: TarEntry, chunk: Buffer): void;
  /** Called after the content of each entry, whatever its type or size. */
  end?(entry: TarEntry): void;
}

/** Limits and options of reading a tar. */
export interface TarLimits {
  /** Default: MAX_ENTRIES. Extended headers do not count; their limit is MAX_EXTENSIONS per entry on average. */
  readonly maxEntries?: number;
  /** URL or path of the archive, for error messages */
  readonly where?: string;
  /**
   * Continues with any headers after the end-of-archive blocks, as `tar --ignore-zeros` does. By default the walk stops there, as
   * every engine does.
   */
  readonly readPastEnd?: boolean;
  /** Default: as engines read it */
  readonly dialect?: TarDialect;
}

/** A million files with their directories. The largest packages known (texlive, linux-firmware, rust docs) have below 200,000. */
export const MAX_ENTRIES = 1_100_000;
/** tar writes up to four (pax, global pax, GNU long name and long link), abuild one for each file. */
const MAX_EXTENSIONS = 4;
/** Engines limit a pax header to 1 MiB too; an xattr on Linux is at most 64 KiB. */
const MAX_EXTENSION_BYTES = 1 << 20;

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

type State = 'header' | 'extension' | 'content' | 'padding';

/**
 * Push parser of a tar's bytes: synchronous, sees every block, keeps only the current header. Reads v7, ustar, GNU (long names,
 * base-256 numbers) and pax (local and global headers). An archive without end-of-archive blocks is complete, as for every
 * engine.
 * @throws AppError BAD_ARCHIVE (checksum, numbers, hostile paths, truncation), UNSUPPORTED (sparse, multi-volume), LIMIT
 */
export class TarScanner {
  readonly #walk: TarWalk;
  readonly #maxEntries: number;
  readonly #where: string;
  readonly #readPastEnd: boolean;
  readonly #dialect: TarDialect | undefined;
  readonly #partial = Buffer.alloc(BLOCK_BYTES);
  #partialBytes = 0;
  #state: State = 'header';
  /** Bytes of the current content, padding or extension still to come */
  #remainingBytes = 0;
  #padding = 0;
  /** Uncompressed offset of the next byte */
  #position = 0;
  #entry: TarEntry | undefined;
  #entries = 0;
  #extensions = 0;
  #extensionFlag = '';
  #extension: Buffer[] = [];
  #globalPax: readonly PaxRecord[] = [];
  #localPax: readonly PaxRecord[] = [];
  #longName: string | undefined;
  #longLink: string | undefined;
  /** Offset of an extended header whose entry has not come yet */
  #extensionAt = -1;
  #zeroBlockAt = -1;
  #endAt = -1;
  #strayAt = -1;
  #afterEndAt = -1;
  #hasGlobal = false;
  #paddingAt = -1;
  #root: TarEntry | undefined;

  constructor(walk: TarWalk, limits: TarLimits = {}) {
    this.#walk = walk;
    this.#maxEntries = limits.maxEntries ?? MAX_ENTRIES;
    this.#where = limits.where === undefined ? 'tar' : `${limits.where}: tar`;
    this.#readPastEnd = limits.readPastEnd ?? false;
    this.#dialect = limits.dialect;
  }

  /** Uncompressed offset of the first end-of-archive (two zero blocks); -1 if none was seen. */
  get endOfArchiveAt(): number {
    return this.#endAt;
  }

  /** Offset of the first single zero block that a header follows; -1 if there is none. Engines refuse such a tar. */
  get strayZeroBlockAt(): number {
    return this.#strayAt;
  }

  /** True if the last block is a single zero block: before another tar, engines would take it for a stray one. */
  get endsInZeroBlock(): boolean {
    return this.#endAt < 0 && this.#zeroBlockAt >= 0;
  }

  /** Offset of the first block after the end-of-archive that is not zero; -1 if there is none. Engines never see it. */
  get dataAfterEndAt(): number {
    return this.#afterEndAt;
  }

  /** True if a global header was read. */
  get hasGlobalHeader(): boolean {
    return this.#hasGlobal;
  }

  /** Offset of the first bytes between entries that are not zero; -1 if there are none. Readers skip them. */
  get hiddenBytesAt(): number {
    return this.#paddingAt;
  }

  /** Entry of the root itself (`./`), which is not passed to the walk; undefined if there is none. */
  get rootDirectory(): TarEntry | undefined {
    return this.#root;
  }

  /** Feeds uncompressed bytes, cut anywhere. */
  write(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      const used = this.#state === 'header' ? this.#takeBlock(chunk, offset) : this.#takeBytes(chunk, offset);
      offset += used;
      this.#position += used;
    }
  }

  /** Checks that the tar is complete. @throws AppError BAD_ARCHIVE if the bytes ended inside a header, a content or its padding */
  finish(): void {
    if (this.#endAt >= 0 && this.#state === 'header' && !this.#readPastEnd) {
      const rest = this.#partial.subarray(0, this.#partialBytes);
      if (this.#afterEndAt < 0 && rest.some((byte) => byte !== 0))
        this.#afterEndAt = this.#position - rest.length;
      return;
    }
    if (this.#partialBytes > 0) this.#truncated(`${BLOCK_BYTES - this.#partialBytes} bytes of a block`);
    const of = this.#entry === undefined ? 'an extended header' : JSON.stringify(this.#entry.path);
    if (this.#state === 'padding') this.#truncated(`${this.#remainingBytes} bytes of padding`);
    if (this.#state !== 'header') this.#truncated(`${this.#remainingBytes} bytes of ${of}`);
    if (this.#extensionAt >= 0) this.#truncated('the entry of the last extended header');
  }

  /** Takes what it can of `chunk` from `at`; returns how much, never 0. */
  #takeBytes(chunk: Buffer, offset: number): number {
    const used = Math.min(this.#remainingBytes, chunk.length - offset);
    this.#remainingBytes -= used;
    if (this.#state === 'content') {
      this.#walk.content?.(this.#entry as TarEntry, chunk.subarray(offset, offset + used));
      if (this.#remainingBytes === 0) this.#endContent();
    } else if (this.#state === 'extension') {
      this.#extension.push(Buffer.from(chunk.subarray(offset, offset + used)));
      if (this.#remainingBytes === 0) this.#endExtension();
    } else {
      const isZero = chunk.compare(ZERO_BLOCK, 0, used, offset, offset + used) === 0;
      if (!isZero && this.#paddingAt < 0) this.#paddingAt = this.#position;
      if (this.#remainingBytes === 0) this.#state = 'header';
    }
    return used;
  }

  #takeBlock(chunk: Buffer, offset: number): number {
    if (this.#partialBytes === 0 && chunk.length - offset >= BLOCK_BYTES) {
      this.#block(chunk.subarray(offset, offset + BLOCK_BYTES), this.#position);
      return BLOCK_BYTES;
    }
    const used = Math.min(BLOCK_BYTES - this.#partialBytes, chunk.length - offset);
    chunk.copy(this.#partial, this.#partialBytes, offset, offset + used);
    this.#partialBytes += used;
    if (this.#partialBytes === BLOCK_BYTES) {
      this.#partialBytes = 0;
      this.#block(this.#partial, this.#position + used - BLOCK_BYTES);
    }
    return used;
  }

  #block(block: Buffer, offset: number): void {
    if (block[0] === 0 && block.equals(ZERO_BLOCK)) {
      this.#zeroBlock(offset);
      return;
    }
    if (this.#endAt >= 0) {
      if (this.#afterEndAt < 0) this.#afterEndAt = offset;
      if (!this.#readPastEnd) return;
    } else if (this.#zeroBlockAt >= 0 && this.#strayAt < 0) this.#strayAt = this.#zeroBlockAt;
    this.#zeroBlockAt = -1;
    this.#header(block, offset);
  }

  #zeroBlock(offset: number): void {
    if (this.#extensionAt >= 0) {
      const text = `${this.#where} at byte ${offset}: expected the entry that an extended header announced, got a zero block`;
      throw new AppError('BAD_ARCHIVE', text);
    }
    if (this.#zeroBlockAt >= 0 && this.#endAt < 0) this.#endAt = this.#zeroBlockAt;
    this.#zeroBlockAt = offset;
  }

  #header(block: Buffer, offset: number): void {
    const context = `${this.#where} header at byte ${offset}`;
    checkHeader(block, context);
    this.#dialect?.header(block, context);
    const flag = String.fromCharCode(block[156] as number);
    const isExtension = flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K';
    this.#count(isExtension, context);
    if (isExtension) {
      this.#beginExtension(flag, headerSize(block, context), offset);
      return;
    }
    const extensions = {
      globalPax: this.#globalPax,
      localPax: this.#localPax,
      longName: this.#longName,
      longLink: this.#longLink,
    };
    const place = { context, contentAt: offset + BLOCK_BYTES };
    let entry = buildEntry(block, extensions, place);
    if (this.#dialect !== undefined) entry = asReadBy(this.#dialect, { block, extensions, entry, place });
    this.#localPax = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#extensionAt = -1;
    this.#entry = entry;
    if (entry.path === '') this.#root = entry;
    else this.#walk.entry(entry);
    this.#remainingBytes = entry.sizeBytes;
    this.#padding = paddingBytes(entry.sizeBytes);
    if (this.#remainingBytes === 0) this.#endContent();
    else this.#state = 'content';
  }

  #count(isExtension: boolean, context: string): void {
    if (isExtension) this.#extensions += 1;
    else this.#entries += 1;
    const [got, most, what] = isExtension
      ? [this.#extensions, this.#maxEntries * MAX_EXTENSIONS, 'extended headers']
      : [this.#entries, this.#maxEntries, 'entries'];
    if (got > most) throw new AppError('LIMIT', `${context}: expected at most ${most} ${what}, got more`);
  }

  #endContent(): void {
    const entry = this.#entry as TarEntry;
    this.#entry = undefined;
    if (entry.path !== '') this.#walk.end?.(entry);
    this.#beginPadding();
  }

  #beginPadding(): void {
    this.#remainingBytes = this.#padding;
    this.#state = this.#remainingBytes === 0 ? 'header' : 'padding';
  }

  #beginExtension(flag: string, sizeBytes: number, offset: number): void {
    const limit = flag === 'L' || flag === 'K' ? MAX_PATH_BYTES + 1 : MAX_EXTENSION_BYTES;
    if (sizeBytes > limit) {
      const text = `${this.#where} header at byte ${offset}: expected an extended header of at most ${limit} bytes, got ${sizeBytes}`;
      throw new AppError('LIMIT', text);
    }
    if (flag === 'g') this.#hasGlobal = true;
    else this.#extensionAt = offset;
    this.#extensionFlag = flag;
    this.#extension = [];
    this.#remainingBytes = sizeBytes;
    this.#padding = paddingBytes(sizeBytes);
    this.#state = 'extension';
    if (sizeBytes === 0) this.#endExtension();
  }

  #endExtension(): void {
    const body = Buffer.concat(this.#extension);
    const context = `${this.#where} extended header before byte ${this.#position}`;
    this.#extension = [];
    if (this.#extensionFlag === 'L') this.#longName = untilNul(body);
    else if (this.#extensionFlag === 'K') this.#longLink = untilNul(body);
    else if (this.#extensionFlag === 'x') this.#localPax = parsePaxRecords(body, context);
    else this.#globalPax = mergeGlobal(this.#globalPax, parsePaxRecords(body, context), context);
    this.#beginPadding();
  }

  #truncated(missing: string): never {
    const text = `${this.#where} ends at byte ${this.#position}: missing ${missing}`;
    throw new AppError('BAD_ARCHIVE', text, { hint: 'Fetch the archive again: it is truncated.' });
  }
}

function untilNul(body: Buffer): string {
  const nul = body.indexOf(0);
  return decodePath(nul < 0 ? body : body.subarray(0, nul));
}

/** A later global header replaces the earlier ones key by key (POSIX pax, typeflag g). */
function mergeGlobal(
  before: readonly PaxRecord[],
  next: readonly PaxRecord[],
  context: string,
): readonly PaxRecord[] {
  const replaced = new Set(next.map(([key]) => key));
  const merged = [...before.filter(([key]) => !replaced.has(key)), ...next];
  const sizeBytes = merged.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (sizeBytes <= MAX_EXTENSION_BYTES) return merged;
  const text = `${context}: expected at most ${MAX_EXTENSION_BYTES} bytes of global records, got ${sizeBytes}`;
  throw new AppError('LIMIT', text);
}
