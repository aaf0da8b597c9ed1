import { AppError } from '../model/app-error.ts';
import type { FileEntry } from '../model/archive.ts';
import { decodePath } from '../model/path-bytes.ts';
import { type PaxRecord, paxAttributes, readPaxRecords, sparse } from './pax.ts';
import { BLOCK_BYTES, paddingBytes } from './tar-format.ts';
import { damaged, ENTRY_TYPES, type RawHeader, readHeader } from './tar-header.ts';

/** A tar entry; its content follows through TarWalk.content. */
export interface TarEntry extends Omit<FileEntry, 'sha256'> {
  /** The path as the archive writes it */
  readonly rawPath: string;
}

/** Called in archive order. */
export interface TarWalk {
  entry(entry: TarEntry): void;
  /** Pieces of a file's content; valid during the call only. */
  content?(entry: TarEntry, chunk: Buffer): void;
  /** Once for every entry, after its content. */
  end?(entry: TarEntry): void;
}

export interface TarLimits {
  readonly entries: number;
  readonly pathBytes: number;
  readonly extendedHeaderBytes: number;
}

export const TAR_LIMITS: TarLimits = {
  /** The largest packages of both distributions hold about 100,000 files. */
  entries: 1_000_000,
  /** Linux PATH_MAX */
  pathBytes: 4096,
  /** Extended attributes are at most 64 KiB each on Linux; a few of them fit. */
  extendedHeaderBytes: 1024 * 1024,
};

/** A pax header or a GNU long name on its way in. */
interface ExtendedHeader {
  readonly flag: string;
  readonly data: Buffer;
  filled: number;
  readonly offset: number;
}

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);
const EMPTY_XATTRS: Readonly<Record<string, string>> = {};
const NO_RECORDS: readonly PaxRecord[] = [];

/**
 * A push parser that sees every block, so that it can say what other readers make of the archive: where it ends,
 * and whether anything stands behind the end. Reads ustar, pax, GNU long names, base-256 numbers and v7 headers.
 * Paths that would leave the root are refused.
 */
export class TarScanner {
  /** Offset of the first two zero blocks; -1 while none were seen */
  endOfArchiveAt = -1;
  /** Offset of a single zero block that a header follows; -1 */
  strayZeroBlockAt = -1;
  /** Offset of a byte that is not zero behind the end of the archive; -1 */
  dataAfterEndAt = -1;
  readonly #walk: TarWalk;
  readonly #limits: TarLimits;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  /** Bytes of #block that are filled */
  #filled = 0;
  /** Offset of the next byte to come */
  #position = 0;
  #entry: TarEntry | undefined;
  #contentLeft = 0;
  #paddingLeft = 0;
  #extended: ExtendedHeader | undefined;
  #zeroBlockAt = -1;
  #entries = 0;
  #global: readonly PaxRecord[] = NO_RECORDS;
  #local: readonly PaxRecord[] = NO_RECORDS;
  #longPath: string | undefined;
  #longLink: string | undefined;

  constructor(walk: TarWalk, limits: TarLimits = TAR_LIMITS) {
    this.#walk = walk;
    this.#limits = limits;
  }

  /** @throws AppError BAD_ARCHIVE, UNSUPPORTED, LIMIT with the byte offset */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.endOfArchiveAt >= 0) {
        this.#afterEnd(chunk.subarray(at));
        return;
      }
      const left = chunk.length - at;
      let used: number;
      if (this.#contentLeft > 0) used = this.#takeContent(chunk, at);
      else if (this.#paddingLeft > 0) {
        used = Math.min(left, this.#paddingLeft);
        this.#paddingLeft -= used;
      } else if (this.#filled === 0 && left >= BLOCK_BYTES) {
        used = BLOCK_BYTES;
        this.#header(chunk.subarray(at, at + BLOCK_BYTES), this.#position);
      } else {
        used = Math.min(left, BLOCK_BYTES - this.#filled);
        chunk.copy(this.#block, this.#filled, at, at + used);
        this.#filled += used;
        if (this.#filled === BLOCK_BYTES) {
          this.#filled = 0;
          this.#header(this.#block, this.#position + used - BLOCK_BYTES);
        }
      }
      at += used;
      this.#position += used;
    }
  }

  /** An archive without its end blocks is complete too, as every engine takes it. @throws AppError BAD_ARCHIVE */
  finish(): void {
    if (
      this.#contentLeft > 0 ||
      this.#filled > 0 ||
      this.#extended !== undefined ||
      this.#local !== NO_RECORDS
    ) {
      const inside = this.#entry === undefined ? '' : ` inside ${this.#entry.path}`;
      const missing = this.#contentLeft > 0 ? `${this.#contentLeft} more bytes` : 'more blocks';
      throw damaged(this.#position, `expected ${missing}${inside}, got the end of the archive`);
    }
  }

  #takeContent(chunk: Buffer, at: number): number {
    const used = Math.min(chunk.length - at, this.#contentLeft);
    const piece = chunk.subarray(at, at + used);
    this.#contentLeft -= used;
    if (this.#extended !== undefined) {
      piece.copy(this.#extended.data, this.#extended.filled);
      this.#extended.filled += used;
      if (this.#contentLeft === 0) this.#endExtended();
    } else {
      this.#walk.content?.(this.#entry as TarEntry, piece);
      if (this.#contentLeft === 0) this.#endEntry();
    }
    return used;
  }

  #header(block: Buffer, offset: number): void {
    if (block[0] === 0 && block.equals(ZERO_BLOCK)) {
      if (this.#zeroBlockAt >= 0 && this.#zeroBlockAt === offset - BLOCK_BYTES)
        this.endOfArchiveAt = this.#zeroBlockAt;
      this.#zeroBlockAt = offset;
      return;
    }
    if (this.#zeroBlockAt >= 0 && this.strayZeroBlockAt < 0) this.strayZeroBlockAt = this.#zeroBlockAt;
    const header = readHeader(block, offset);
    this.#paddingLeft = paddingBytes(header.sizeBytes);
    if (header.flag === 'x' || header.flag === 'g' || header.flag === 'L' || header.flag === 'K') {
      this.#beginExtended(header, offset);
    } else {
      this.#beginEntry(header, offset);
    }
  }

  #beginExtended(header: RawHeader, offset: number): void {
    const limit = this.#limits.extendedHeaderBytes;
    if (header.sizeBytes > limit) {
      throw new AppError(
        'LIMIT',
        `tar, byte ${offset}: expected an extended header of at most ${limit} bytes, got ${header.sizeBytes}`,
      );
    }
    this.#contentLeft = header.sizeBytes;
    this.#extended = {
      flag: header.flag,
      data: Buffer.alloc(header.sizeBytes),
      filled: 0,
      offset: offset + BLOCK_BYTES,
    };
    if (header.sizeBytes === 0) this.#endExtended();
  }

  #endExtended(): void {
    const { flag, data, offset } = this.#extended as ExtendedHeader;
    this.#extended = undefined;
    if (flag === 'x') this.#local = [...this.#local, ...readPaxRecords(data, offset)];
    else if (flag === 'g') this.#global = [...this.#global, ...readPaxRecords(data, offset)];
    else {
      const end = data.indexOf(0);
      const text = decodePath(end < 0 ? data : data.subarray(0, end));
      if (flag === 'L') this.#longPath = text;
      else this.#longLink = text;
    }
  }

  #beginEntry(header: RawHeader, offset: number): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) {
      throw new AppError('LIMIT', `tar, byte ${offset}: more than ${this.#limits.entries} entries`);
    }
    const pax =
      this.#local.length + this.#global.length === 0 ? NO_RECORDS : [...this.#global, ...this.#local];
    const said = pax === NO_RECORDS ? undefined : paxAttributes(pax, offset);
    const rawPath = said?.path ?? this.#longPath ?? header.path;
    const rawLink = said?.linkTarget ?? this.#longLink ?? header.linkTarget;
    this.#local = NO_RECORDS;
    this.#longPath = undefined;
    this.#longLink = undefined;
    if (header.flag === 'S') throw sparse(offset);
    let type = ENTRY_TYPES[header.flag];
    if (type === undefined) {
      throw new AppError(
        'UNSUPPORTED',
        `tar, byte ${offset}: ${rawPath}: unknown entry type ${JSON.stringify(header.flag)}`,
      );
    }
    // A v7 directory is a file whose name ends in a slash.
    if (type === 'file' && rawPath.endsWith('/')) type = 'directory';
    const sizeBytes = said?.sizeBytes ?? header.sizeBytes;
    const hasContent = type === 'file';
    const path = this.#normalise(rawPath, offset);
    if (path === '') {
      if (type !== 'directory') throw damaged(offset, 'expected a path, got none');
      // `./` describes the root itself, which belongs to no package.
      this.#skip(sizeBytes);
      return;
    }
    this.#entry = {
      path,
      rawPath,
      type,
      mode: header.mode & 0o7777,
      uid: said?.uid ?? header.uid,
      gid: said?.gid ?? header.gid,
      uname: said?.uname ?? header.uname,
      gname: said?.gname ?? header.gname,
      sizeBytes: hasContent ? sizeBytes : 0,
      mtime: said?.mtime ?? header.mtime,
      linkTarget: this.#linkTarget(type, rawLink, offset),
      offset: offset + BLOCK_BYTES,
      deviceMajor: header.deviceMajor,
      deviceMinor: header.deviceMinor,
      xattrs: said?.xattrs ?? EMPTY_XATTRS,
      pax,
    };
    this.#walk.entry(this.#entry);
    if (!hasContent) {
      this.#skip(type === 'hardlink' || type === 'symlink' ? 0 : sizeBytes);
      this.#endEntry();
      return;
    }
    this.#contentLeft = sizeBytes;
    this.#paddingLeft = paddingBytes(sizeBytes);
    if (sizeBytes === 0) this.#endEntry();
  }

  #skip(sizeBytes: number): void {
    this.#paddingLeft = sizeBytes + paddingBytes(sizeBytes);
  }

  #endEntry(): void {
    const entry = this.#entry as TarEntry;
    this.#entry = undefined;
    this.#walk.end?.(entry);
  }

  #afterEnd(chunk: Buffer): void {
    if (this.dataAfterEndAt < 0) {
      const at = chunk.findIndex((byte) => byte !== 0);
      if (at >= 0) this.dataAfterEndAt = this.#position + at;
    }
    this.#position += chunk.length;
  }

  #linkTarget(type: TarEntry['type'], raw: string, offset: number): string {
    if (type === 'symlink') {
      if (raw === '' || raw.includes('\0'))
        throw damaged(offset, `expected a symlink target, got ${JSON.stringify(raw)}`);
      return raw;
    }
    if (type !== 'hardlink') return '';
    const target = this.#normalise(raw, offset);
    if (target === '') throw damaged(offset, 'expected a hard link target, got none');
    return target;
  }

  /** `./a//b/` → `a/b`. */
  #normalise(raw: string, offset: number): string {
    const limit = this.#limits.pathBytes;
    if (raw.length > limit || (raw.length * 3 > limit && Buffer.byteLength(raw) > limit)) {
      throw new AppError(
        'LIMIT',
        `tar, byte ${offset}: expected a path of at most ${limit} bytes, got ${Buffer.byteLength(raw)}`,
      );
    }
    if (raw.startsWith('/')) throw outside(raw, offset, 'an absolute path');
    if (raw.includes('\0')) throw damaged(offset, `expected a path, got NUL in ${JSON.stringify(raw)}`);
    if (!NEEDS_WORK.test(raw)) return raw;
    const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw outside(raw, offset, 'a path with `..`');
    return parts.join('/');
  }
}

/** An empty, `.` or `..` component somewhere. */
const NEEDS_WORK = /(?:^|\/)(?:\/|\.{0,2}(?:\/|$))/;

function outside(path: string, offset: number, what: string): AppError {
  return new AppError(
    'BAD_ARCHIVE',
    `tar, byte ${offset}: expected a path inside the root, got ${what}: ${JSON.stringify(path)}`,
    {
      hint: 'No package of Alpine or Arch contains such a path; the archive may be hostile.',
      details: { path, offset },
    },
  );
}
