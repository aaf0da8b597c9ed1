import { createHash, hash } from 'node:crypto';
import type { TarEntry } from '../../archive/tar-entry.ts';
import { TarScanner } from '../../archive/tar-reader.ts';
import { AppError } from '../../model/app-error.ts';
import { type DiffId, EMPTY_SHA256 } from '../../model/digest.ts';
import { type FileEntries, FileEntriesPacker } from '../../model/file-entries.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import { limitYoungGeneration, MANY_FILES } from '../../model/young-generation.ts';
import { EntryChecks } from './entry-checks.ts';
import type { ContentScan, FileListOptions } from './file-list-options.ts';
import {
  DATA_AFTER_END,
  DOT_NAMES,
  EARLY_END,
  GLOBAL_HEADER,
  READ_OTHERWISE,
  REFUSED_XATTRS,
  ROOT_FOLDER,
  STRAY_ZERO_BLOCK,
} from './layer-problems.ts';
import { refusedXattrs } from './refused-xattrs.ts';

/** Root members are held in memory; `.MTREE` of the largest packages has 3 MiB, all others are smaller. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

/** Facts collected of an archive. */
export interface FileList {
  readonly files: FileEntries;
  /** Path → content of the files that `keep` selected */
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly md5: ReadonlyMap<string, string>;
  /** SHA-256 of all uncompressed bytes */
  readonly diffId: DiffId;
  readonly uncompressedSizeBytes: number;
  /** ArchiveFacts.layerProblem, as far as the tar alone decides it */
  readonly layerProblem: string | undefined;
}

/**
 * Collects the facts that the catalog keeps of an archive from its uncompressed bytes, written in order and in pieces that never
 * span two segments. Entries after end-of-archive blocks are listed too if they are in a *later* segment.
 */
export class FileListCollector {
  readonly #options: FileListOptions;
  readonly #files: FileEntriesPacker;
  readonly #kept = new Map<string, Buffer>();
  readonly #whole = createHash('sha256');
  readonly #checks: EntryChecks;
  #scanner: TarScanner;
  #position = 0;
  /** Offset at which the current scanner started */
  #base = 0;
  #segment = 0;
  #endsEarly = false;
  /** Whether the current entry is left out */
  #skips = false;
  #layerProblem: string | undefined;
  #hash: ReturnType<typeof createHash> | undefined;
  #sha256 = '';
  #pieces: Buffer[] | undefined;
  #md5: ReturnType<typeof createHash> | undefined;
  #scan: ContentScan | undefined;
  readonly #md5s = new Map<string, string>();
  #keptBytes = 0;

  constructor(options: FileListOptions) {
    this.#options = options;
    this.#files = new FileEntriesPacker(options.like);
    this.#checks = new EntryChecks(options.where, this.#files);
    this.#scanner = this.#newScanner();
  }

  /** Takes the next bytes, all of one segment. @throws AppError BAD_ARCHIVE, UNSUPPORTED, LIMIT */
  write(bytes: Buffer, segment: number): void {
    if (segment !== this.#segment) {
      this.#segment = segment;
      if (this.#options.standsAlone?.() === true) this.#endAlone();
      else if (this.#scanner.endOfArchiveAt >= 0) this.#nextArchive();
    }
    this.#whole.update(bytes);
    this.#scanner.write(bytes);
    this.#position += bytes.length;
  }

  finish(): FileList {
    this.#scanner.finish();
    this.#noteDefects();
    const files = this.#files.finish();
    return {
      files,
      contents: this.#kept,
      md5: this.#md5s,
      diffId: `sha256:${this.#whole.digest('hex')}` as DiffId,
      uncompressedSizeBytes: this.#position,
      layerProblem: this.#layerProblem ?? this.#checks.layerProblem(files),
    };
  }

  #endAlone(): void {
    this.#scanner.finish();
    if (this.#scanner.endsInZeroBlock) this.#layerProblem ??= STRAY_ZERO_BLOCK;
    if (this.#scanner.rootDirectory !== undefined) {
      throw new AppError(
        'BAD_ARCHIVE',
        `${this.#options.where}: expected only files before the control member, got the root folder`,
      );
    }
    if (this.#scanner.hasGlobalHeader) this.#layerProblem ??= GLOBAL_HEADER;
    this.#nextArchive();
  }

  #nextArchive(): void {
    this.#noteDefects();
    this.#endsEarly ||= this.#scanner.endOfArchiveAt >= 0;
    this.#base = this.#position;
    this.#scanner = this.#newScanner();
  }

  #noteDefects(): void {
    if (this.#layerProblem !== undefined) return;
    if (this.#scanner.rootDirectory !== undefined) this.#layerProblem = ROOT_FOLDER;
    else if (this.#scanner.strayZeroBlockAt >= 0) this.#layerProblem = STRAY_ZERO_BLOCK;
    else if (this.#scanner.dataAfterEndAt >= 0) this.#layerProblem = DATA_AFTER_END;
  }

  #newScanner(): TarScanner {
    return new TarScanner(
      {
        entry: (entry) => this.#begin(entry),
        content: (entry, chunk) => this.#content(entry, chunk),
        end: (entry) => this.#end(entry),
      },
      {
        where: this.#options.where,
        ...(this.#options.dialect === undefined ? {} : { dialect: this.#options.dialect }),
      },
    );
  }

  #begin(entry: TarEntry): void {
    if (this.#endsEarly) this.#layerProblem ??= EARLY_END;
    this.#options.entry?.(entry, this.#segment);
    if (entry.isAmbiguous) this.#layerProblem ??= READ_OTHERWISE;
    this.#skips = isPassedOver(entry);
    if (this.#skips) this.#layerProblem ??= DOT_NAMES;
    else this.#checks.entry(entry);
    this.#sha256 = '';
    this.#hash = undefined;
    this.#pieces = undefined;
    this.#md5 = undefined;
    this.#scan = undefined;
    if (this.#skips) return;
    this.#md5 =
      entry.type === 'file' && this.#options.hashMd5?.(entry.path, this.#kept) === true
        ? createHash('md5')
        : undefined;
    this.#scan = entry.type === 'file' ? this.#options.scan?.(entry.path, entry.sizeBytes) : undefined;
    if (entry.type !== 'file' || !this.#options.keep(entry, this.#segment)) return;
    if (isRootDotFile(entry.path) && this.#kept.has(entry.path)) {
      throw new AppError(
        'BAD_ARCHIVE',
        `${this.#options.where}: expected one ${entry.path}, got a second one`,
      );
    }
    this.#keptBytes += entry.sizeBytes;
    if (this.#keptBytes > MAX_KEPT_BYTES) {
      throw new AppError(
        'LIMIT',
        `${this.#options.where}: expected at most ${MAX_KEPT_BYTES} bytes of root members, ${entry.path} makes it ${this.#keptBytes}`,
      );
    }
    this.#pieces = [];
  }

  #content(entry: TarEntry, chunk: Buffer): void {
    if (entry.type !== 'file' || this.#skips) return;
    // Most files arrive as one chunk: hash() costs a third of a hash object.
    if (chunk.length === entry.sizeBytes) this.#sha256 = hash('sha256', chunk, 'hex');
    else {
      this.#hash ??= createHash('sha256');
      this.#hash.update(chunk);
    }
    this.#md5?.update(chunk);
    this.#scan?.write(chunk);
    this.#pieces?.push(Buffer.from(chunk));
  }

  #end(entry: TarEntry): void {
    if (this.#skips) return;
    const isFile = entry.type === 'file';
    const xattrs = this.#settable(entry);
    if (this.#hash !== undefined) this.#sha256 = this.#hash.digest('hex');
    else if (isFile && entry.sizeBytes === 0) this.#sha256 = EMPTY_SHA256;
    if (this.#md5 !== undefined) this.#md5s.set(entry.path, this.#md5.digest('hex'));
    this.#scan?.end(this.#sha256);
    if (this.#pieces !== undefined) this.#kept.set(entry.path, Buffer.concat(this.#pieces));
    this.#files.add({
      path: entry.path,
      type: entry.type,
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      uname: entry.uname,
      gname: entry.gname,
      sizeBytes: isFile ? entry.sizeBytes : 0,
      mtime: entry.mtime,
      linkTarget: entry.linkTarget,
      sha256: isFile ? this.#sha256 : '',
      offset: this.#base + entry.offset,
      deviceMajor: entry.deviceMajor,
      deviceMinor: entry.deviceMinor,
      xattrs,
      pax: entry.pax,
    });
    if (this.#files.length === MANY_FILES) limitYoungGeneration();
  }

  /** Returns the xattrs that can be set; the others stay in the pax records, which are kept as written. */
  #settable(entry: TarEntry): FileEntry['xattrs'] {
    const refused = refusedXattrs(entry);
    if (refused.length === 0) return entry.xattrs;
    this.#layerProblem ??= REFUSED_XATTRS;
    return Object.fromEntries(Object.entries(entry.xattrs).filter(([name]) => !refused.includes(name)));
  }
}

/** Returns whether apk and pacman skip the entry because its raw name starts with a dot: `./name`, as in a tar made of `.`. */
function isPassedOver({ rawPath }: TarEntry): boolean {
  return rawPath.startsWith('./');
}

/** Returns whether a path is a dot file in the root: `.PKGINFO`, `.SIGN.…`. */
export function isRootDotFile(path: string): boolean {
  return path.startsWith('.') && !path.includes('/');
}
