import type { Hash } from 'node:crypto';

/** The first `offset` bytes of a file, and the sha256 state after hashing them. */
export interface FilePrefix {
  readonly offset: number;
  readonly hash: Hash;
}

/** A file whose size and content are known before it is read, such as a blob of a registry. */
export interface RemoteFile {
  readonly sizeBytes: number;
  /** Identifies the bytes, whatever source they come from; never empty */
  readonly etag: string;
  /**
   * Streams the bytes after the prefix, and resumes cut responses.
   * @throws AppError INTEGRITY at the end if they do not match the etag
   */
  read(prefix?: FilePrefix): AsyncIterable<Buffer>;
}

/** Access to files behind URLs of other schemes (`oci:`), which the layers above implement. */
export interface RemoteFiles {
  serves(url: string): boolean;
  /** @throws FetchFailure; AppError for an error that no other source can mend */
  find(url: string): Promise<RemoteFile>;
}
