import type { TarDialect } from '../../archive/tar-dialect.ts';
import type { TarEntry } from '../../archive/tar-entry.ts';
import type { FileEntries } from '../../model/file-entries.ts';

/** Options for collecting facts of an archive's entries. */
export interface FileListOptions {
  /** For error messages. */
  readonly where: string;
  /** Dialect in which the distribution's tool reads tars; absent: that of engines */
  readonly dialect?: TarDialect;
  /** As ArchiveInput.like */
  readonly like?: FileEntries;
  /** Called for every entry when its header has been read. `segment`: number of the compressed segment with the header. */
  entry?(entry: TarEntry, segment: number): void;
  /**
   * Called at the end of a segment: returns whether it is a separate tar, which must end with it and whose global headers do not
   * apply to later entries.
   */
  standsAlone?(): boolean;
  /** Returns whether to keep a file's content: `.PKGINFO`, scripts, `.MTREE`. */
  keep(entry: TarEntry, segment: number): boolean;
  /** Returns whether to compute a file's MD5; called when its header has been read, with the contents kept so far. */
  hashMd5?(path: string, kept: ReadonlyMap<string, Buffer>): boolean;
  /** Returns an additional scan of a file's content; called when its header has been read. */
  scan?(path: string, sizeBytes: number): ContentScan | undefined;
}

/** A scan of one file's content in the course of reading the archive. */
export interface ContentScan {
  /** Receives the content in order; the chunk is a view, valid only during the call. */
  write(chunk: Buffer): void;
  /** Ends the scan. `sha256`: of the content, in lower-case hex. */
  end(sha256: string): void;
}
